import { createReadStream, createWriteStream } from "node:fs";
import { mkdir, open, readdir, rm, statfs } from "node:fs/promises";
import { dirname, join } from "node:path";
import { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip, createZstdDecompress } from "node:zlib";
import { isStackError, messageOf, StackError } from "../../../../lib/error.ts";
import type { Run } from "../../../../lib/run.ts";

/**
 * Unpacks an archive of a service, a tar, plain or by gzip or zstd, into a new folder. Nothing is unpacked of one
 * that holds anything but files and folders, or a path that leads elsewhere; nor of one that would take more than
 * half of what is free: databases are on the same disk.
 *
 * @returns the folder that the service is in: the archive's only one, where all of it is in one
 * @throws StackError `bad-archive`; `archive-too-large`
 */
export async function unpackArchive(file: string, folder: string, run: Run, signal: AbortSignal): Promise<string> {
  await mkdir(folder);
  const tar = `${folder}.tar`;
  try {
    await decompress(file, tar, signal, await mostBytes(dirname(folder)));
    // The names as C writes them, each on a line of its own; --absolute-names: as they are in the archive.
    const list = ["--list", "--verbose", "--quoting-style=c", "--absolute-names", "--file", tar];
    const { stdout } = await run("tar", list, { signal, env: plainWords }).catch(notReadable(file));
    const fault = firstFault(stdout);
    if (fault !== undefined) throw badArchive(file, fault);
    const extract = ["--extract", "--no-same-owner", "--no-same-permissions", "--file", tar, "--directory", folder];
    await run("tar", extract, { signal, timeout: 300_000, env: plainWords }).catch(notReadable(file));
  } finally {
    await rm(tar, { force: true });
  }
  const [only, ...others] = await readdir(folder, { withFileTypes: true });
  if (only === undefined) throw badArchive(file, "it is empty");
  return others.length === 0 && only.isDirectory() ? join(folder, only.name) : folder;
}

const plainWords = { ...process.env, LC_ALL: "C" };

/**
 * What must not be in an archive, of GNU tar's verbose list of it.
 *
 * @returns a clause that names the first; undefined where there is none
 */
export function firstFault(list: string): string | undefined {
  for (const line of list.split("\n").filter((one) => one !== "")) {
    const [, name] = /^\S+ \S+ +\S+ \S+ \S+ "((?:[^"\\]|\\.)*)"/.exec(line) ?? [];
    if (name === undefined) return `a member can't be told: ${line}`;
    const kind = kinds[line.charAt(0)];
    if (kind !== undefined) return `${name} is ${kind}`;
    if (!["-", "d"].includes(line.charAt(0))) return `${name} is neither a file nor a folder`;
    if (name.startsWith("/") || name.split("/").includes("..")) return `${name} leads out of the folder`;
  }
  return undefined;
}

const kinds: Readonly<Record<string, string>> = {
  l: "a symbolic link",
  h: "a hard link",
  c: "a device",
  b: "a device",
  p: "a named pipe",
  s: "a socket",
};

/** The archive and what is unpacked of it lie side by side. */
async function mostBytes(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder);
  return (bavail * bsize) / 4;
}

/** Passes on so many bytes, and fails at more. */
function atMost(bytes: number, file: string): Transform {
  let passed = 0;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      passed += chunk.length;
      if (passed <= bytes) return done(null, chunk);
      const MiB = Math.floor(bytes / 1024 / 1024);
      done(
        new StackError("archive-too-large", `${file} can't be deployed: it unpacks to more than ${MiB} MiB`, {
          hint: "that is a quarter of what is free, and the databases are on the same disk: leave out what the service does without, or make room",
        }),
      );
    },
  });
}

async function decompress(file: string, to: string, signal: AbortSignal, most: number): Promise<void> {
  const magic = (await firstBytes(file)).toString("hex");
  const from = createReadStream(file);
  const into = createWriteStream(to, { mode: 0o600 });
  const way = magic.startsWith("1f8b") ? createGunzip() : magic === "28b52ffd" ? createZstdDecompress() : undefined;
  const limit = atMost(most, file);
  const piped =
    way === undefined ? pipeline(from, limit, into, { signal }) : pipeline(from, way, limit, into, { signal });
  await piped.catch((error: unknown) => {
    if (error instanceof Error && "code" in error && /^(Z_|ERR_|ZSTD_)/.test(String(error.code)) && !signal.aborted) {
      throw badArchive(file, `it is cut or damaged: ${messageOf(error)}`);
    }
    throw error;
  });
}

async function firstBytes(file: string): Promise<Buffer> {
  const handle = await open(file, "r");
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(4), 0, 4, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}

function notReadable(file: string): (error: unknown) => never {
  return (error) => {
    const said = isStackError(error) && error.code === "command-failed" ? error.detail : undefined;
    if (said === undefined || said.some((line) => /no space left/i.test(line))) throw error;
    throw badArchive(file, said[0] ?? "tar can't read it");
  };
}

function badArchive(file: string, why: string): StackError {
  return new StackError("bad-archive", `${file} can't be deployed: ${why}`, {
    hint: "make it of the service's folder: tar -czf NAME.tar.gz --dereference -C FOLDER .",
  });
}
