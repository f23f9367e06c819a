import { spawn } from "node:child_process";
import { createReadStream } from "node:fs";
import { basename } from "node:path";
import type { Readable, Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip, createZstdDecompress } from "node:zlib";
import { isErrno, isStackError, messageOf, StackError } from "../../lib/error.ts";
import { zstdFrames } from "./zstd-frames.ts";

/** By the file's last suffix: a command, or what Node can do by itself. */
const tools: Readonly<Record<string, readonly string[] | "gunzip" | "unzstd" | "none">> = {
  ".gz": "gunzip",
  ".zst": "unzstd",
  ".xz": ["xz", "--decompress", "--stdout"],
  ".bz2": ["bzip2", "--decompress", "--stdout"],
  ".tar": "none",
};

const chunk = 128 * 1024;

/**
 * The uncompressed bytes of an archive, all its compressed members one after the other, in
 * memory that doesn't grow with it.
 *
 * @param onBytes called with each chunk of the compressed file, in order
 * @throws StackError `damaged` where the compressed data is, `missing-tool`, `aborted`
 */
export async function* decompress(
  path: string,
  signal: AbortSignal,
  onBytes: (chunk: Buffer) => void,
): AsyncGenerator<Buffer> {
  const tool = tools[/\.\w+$/.exec(path)?.[0] ?? ""];
  if (tool === undefined) throw new StackError("damaged", `${basename(path)} has no suffix of an archive`);
  const compressed = async function* (): AsyncGenerator<Buffer> {
    for await (const bytes of createReadStream(path, { highWaterMark: chunk }) as AsyncIterable<Buffer>) {
      if (signal.aborted) {
        throw new StackError("aborted", `reading ${basename(path)} was stopped`, { cause: signal.reason, exit: 130 });
      }
      onBytes(bytes);
      yield bytes;
    }
  };
  if (tool === "none") yield* compressed();
  else if (tool === "gunzip") {
    const gunzip = createGunzip({ chunkSize: chunk });
    yield* through(compressed(), gunzip, gunzip, Promise.resolve());
  } else if (tool === "unzstd") {
    // Node's own stream ends after the first frame.
    for await (const frame of zstdFrames(compressed())) {
      const unzstd = createZstdDecompress({ chunkSize: chunk });
      yield* through(frame, unzstd, unzstd, Promise.resolve());
    }
  } else {
    const [command = "", ...args] = tool;
    const child = spawn(command, args, { stdio: ["pipe", "pipe", "pipe"] });
    let complaint = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      complaint = (complaint + text).slice(-1000);
    });
    const ended = new Promise<void>((resolve, reject) => {
      child.once("error", (error) => reject(startError(command, error)));
      child.once("close", (code) =>
        code === 0 ? resolve() : reject(new StackError("damaged", complaint.trim() || `${command} ended with ${code}`)),
      );
    });
    // Awaited when the output has ended; a failure before that must not go unheard.
    ended.catch(() => {});
    try {
      yield* through(compressed(), child.stdin, child.stdout, ended);
    } finally {
      child.kill();
    }
  }
}

async function* through(
  input: AsyncIterable<Buffer>,
  into: Writable,
  out: Readable,
  ended: Promise<void>,
): AsyncGenerator<Buffer> {
  const fed = pipeline(input, into).catch((error: unknown) => {
    // The tool ended before it had read all; its exit code says why.
    if (!isErrno(error, "EPIPE", "ERR_STREAM_PREMATURE_CLOSE")) out.destroy(error instanceof Error ? error : undefined);
  });
  try {
    yield* out as AsyncIterable<Buffer>;
    await fed;
    await ended;
  } catch (error) {
    if (isStackError(error)) throw error;
    throw new StackError("damaged", `the compressed data is damaged: ${messageOf(error)}`, { cause: error });
  } finally {
    out.destroy();
    into.destroy();
  }
}

function startError(command: string, error: Error): StackError {
  if (!isErrno(error, "ENOENT")) return new StackError("damaged", `${command} could not be started`, { cause: error });
  return new StackError("missing-tool", `${command} is not installed`, {
    hint: `sudo apt-get install ${command === "xz" ? "xz-utils" : command}`,
  });
}
