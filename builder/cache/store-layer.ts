import { createHash } from "node:crypto";
import { mkdir, mkdtemp, open, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { isErrno } from "../../lib/error.ts";
import { exists } from "../../lib/files.ts";
import { type Member, scan } from "../archive/scan.ts";
import type { Format } from "../context.ts";
import { codecs, sha256 } from "./codec.ts";
import { archiveDigest } from "./content-index.ts";
import { entryName } from "./entry-name.ts";
import { explainDisk } from "./explain-disk.ts";
import { type LayerIndex, membersToLines } from "./layer-index.ts";
import { seal } from "./seal.ts";
import { writeContent } from "./write-content.ts";

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
 * @throws StackError for an archive that can't be a layer (see `scan`); `cache-full`,
 *   `cache-forbidden`: then nothing is left of it
 */
export async function storeLayer(
  folder: string,
  { name, key, archive, facts, started }: NewLayer,
  format: Format,
  signal: AbortSignal,
): Promise<void> {
  const temporary = await makeFolder(folder).catch((error: unknown) => explainDisk(error, folder));
  try {
    const chunks: string[] = [];
    let bytes = 0;
    let members: readonly Member[] = [];
    const path = join(temporary, `content-${codecs[format].id}`);
    const content = await writeContent(
      path,
      format,
      async (push) => {
        members = await scan(archive, `layer ${name}`, (belonging) => {
          signal.throwIfAborted();
          return push(belonging);
        });
      },
      (raw) => {
        chunks.push(sha256(raw));
        bytes += raw.length;
      },
    );
    const list = await writeLines(join(temporary, "members.jsonl"), membersToLines(members));
    await writeFile(`${path}.json`, seal({ archive: archiveDigest(chunks), chunks: content }));
    const index: LayerIndex = {
      ...{ schemaVersion: 1, name, key, bytes, chunks },
      members: list,
      entries: members.length,
      facts: await facts?.(),
      seconds: Math.round((performance.now() - started) / 100) / 10,
    };
    await writeFile(join(temporary, "layer.json"), seal(index));
    await moveInto(temporary, join(folder, entryName(name, key)));
  } catch (error) {
    await rm(temporary, { recursive: true, force: true });
    // The folder was ours to write: such an error is of what the archive is made from.
    if (isErrno(error, "EACCES", "EPERM", "ENOTDIR")) throw error;
    explainDisk(error, folder);
  }
}

async function makeFolder(folder: string): Promise<string> {
  await mkdir(folder, { recursive: true });
  return mkdtemp(join(folder, newEntry));
}

/** What an entry that is being written begins with. */
export const newEntry = ".new-";

/** A folder takes no other's place unless that is empty: what is there is another build's, or half removed. */
async function moveInto(temporary: string, entry: string): Promise<void> {
  for (;;) {
    try {
      return await rename(temporary, entry);
    } catch (error) {
      if (!isErrno(error, "ENOTEMPTY", "EEXIST")) throw error;
    }
    if (await exists(join(entry, "layer.json"))) return rm(temporary, { recursive: true, force: true });
    await rm(entry, { recursive: true, force: true });
  }
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
