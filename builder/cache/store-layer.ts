import { createHash } from "node:crypto";
import { mkdir, mkdtemp, open, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { isErrno } from "../../lib/error.ts";
import type { Format } from "../context.ts";
import { createScanner } from "../pack/scan.ts";
import { codecJobs, codecs, sha256 } from "./codec.ts";
import { type ContentIndex, chunkSize, type LayerIndex, membersToLines } from "./layer-index.ts";

export interface NewLayer {
  readonly name: string;
  readonly key: string;
  /** The layer's archive. */
  readonly archive: AsyncIterable<Buffer>;
  /** Asked for when the archive has been read. */
  readonly facts?: () => Promise<unknown>;
  /** performance.now() of its building's start. */
  readonly started: number;
}

/**
 * Keeps a layer: its archive is compressed, listed and digested in one go as it flows by.
 * The entry has its name when it is whole; of two builds that make the same one, the first stays.
 *
 * @param folder of the layers
 * @throws StackError for an archive that can't be a layer (see `createScanner`)
 */
export async function storeLayer(
  folder: string,
  { name, key, archive, facts, started }: NewLayer,
  format: Format,
  signal: AbortSignal,
): Promise<void> {
  await mkdir(folder, { recursive: true });
  const temporary = await mkdtemp(join(folder, ".new-"));
  try {
    const scanner = createScanner(`layer ${name}`);
    const chunks: string[] = [];
    let bytes = 0;
    const path = join(temporary, `content-${codecs[format].id}`);
    const content = await writeContent(
      path,
      format,
      async (push) => {
        for await (const flowing of archive) {
          signal.throwIfAborted();
          for (const part of scanner.push(flowing)) await push(part);
        }
      },
      (raw) => {
        chunks.push(sha256(raw));
        bytes += raw.length;
      },
    );
    const members = scanner.end();
    const list = await writeLines(join(temporary, "members.jsonl"), membersToLines(members));
    await writeFile(`${path}.json`, JSON.stringify(content));
    const index: LayerIndex = {
      ...{ schemaVersion: 1, name, key, bytes, chunks },
      members: list,
      entries: members.length,
      facts: await facts?.(),
      seconds: Math.round((performance.now() - started) / 100) / 10,
    };
    await writeFile(join(temporary, "layer.json"), JSON.stringify(index));
    await rename(temporary, join(folder, entryName(name, key)));
  } catch (error) {
    await rm(temporary, { recursive: true, force: true });
    if (!isErrno(error, "ENOTEMPTY", "EEXIST")) throw error;
  }
}

export function entryName(name: string, key: string): string {
  return `${name}-${key}`;
}

/**
 * Writes a stream's chunks compressed, in order, as many at once as there are cores.
 *
 * @param seen gets each chunk, uncompressed; its bytes are used again afterwards
 */
export async function writeContent(
  path: string,
  format: Format,
  produce: (push: (bytes: Buffer) => Promise<void>) => Promise<void>,
  seen: (raw: Buffer) => void = () => {},
): Promise<ContentIndex> {
  const codec = codecs[format];
  const chunks: { bytes: number; sha256: string }[] = [];
  const file = await open(path, "w");
  const spare: Buffer<ArrayBuffer>[] = [];
  let written: Promise<void> = Promise.resolve();
  const running: Promise<void>[] = [];
  let buffer = Buffer.allocUnsafe(chunkSize);
  let filled = 0;

  const flush = async (): Promise<void> => {
    const whole = buffer;
    const raw = whole.subarray(0, filled);
    seen(raw);
    const compressed = codec.compress(raw);
    written = Promise.all([compressed, written]).then(async ([made]) => {
      chunks.push({ bytes: made.length, sha256: sha256(made) });
      await file.writeFile(made);
      spare.push(whole);
    });
    // Looked at below; without this, one that fails early would be called unhandled.
    written.catch(() => {});
    running.push(written);
    if (running.length > codecJobs) await running.shift();
    buffer = spare.pop() ?? Buffer.allocUnsafe(chunkSize);
    filled = 0;
  };

  try {
    await produce(async (bytes) => {
      for (let from = 0; from < bytes.length; ) {
        const taken = bytes.copy(buffer, filled, from);
        filled += taken;
        from += taken;
        if (filled === chunkSize) await flush();
      }
    });
    if (filled > 0) await flush();
    await written;
  } finally {
    await written.catch(() => {});
    await file.close();
  }
  return { codec: codec.id, chunks };
}

/** @returns the file's sha256 */
async function writeLines(path: string, lines: Iterable<string>): Promise<string> {
  const hash = createHash("sha256");
  const file = await open(path, "w");
  try {
    let held = "";
    const flush = async (): Promise<void> => {
      hash.update(held);
      await file.writeFile(held);
      held = "";
    };
    for (const line of lines) {
      held += line;
      if (held.length > 64 * 1024) await flush();
    }
    await flush();
  } finally {
    await file.close();
  }
  return hash.digest("hex");
}
