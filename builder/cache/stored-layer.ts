import { readFile, rm, utimes } from "node:fs/promises";
import { join } from "node:path";
import { isErrno } from "../../lib/error.ts";
import { readTextIfAny } from "../../lib/files.ts";
import type { Log } from "../../lib/log.ts";
import type { Member } from "../archive/scan.ts";
import { sha256 } from "./codec.ts";
import { damaged } from "./damaged.ts";
import { entryName } from "./entry-name.ts";
import { explainDisk } from "./explain-disk.ts";
import { type LayerIndex, layerIndex, membersFromLines } from "./layer-index.ts";
import { unseal } from "./seal.ts";

/** A layer of the cache. Whatever is read of it has been compared with its digest. */
export interface StoredLayer {
  readonly folder: string;
  readonly index: LayerIndex;
  readonly members: readonly Member[];
}

/**
 * Looks a layer up and changes nothing.
 *
 * @param folder of the layers
 * @throws for a damaged entry
 */
export async function readLayer(folder: string, name: string, key: string): Promise<StoredLayer | undefined> {
  const entry = join(folder, entryName(name, key));
  const text = await readTextIfAny(join(entry, "layer.json"));
  if (text === undefined) return undefined;
  const index = layerIndex.parse(unseal(text));
  if (index.key !== key || index.name !== name) throw damaged(entry, "another layer's index");
  const list = await readFile(join(entry, "members.jsonl"), "utf8");
  if (sha256(list) !== index.members) throw damaged(entry, "members.jsonl");
  return { folder: entry, index, members: membersFromLines(list) };
}

/**
 * Finds a layer for use. A damaged entry is told, removed and counts as none.
 *
 * @param folder of the layers
 * @throws StackError `cache-forbidden`, `cache-unreadable`
 */
export async function openLayer(folder: string, name: string, key: string, log: Log): Promise<StoredLayer | undefined> {
  const entry = join(folder, entryName(name, key));
  try {
    const layer = await readLayer(folder, name, key);
    if (layer === undefined) return undefined;
    const now = new Date();
    // What was used last is pruned last. A cache on a read-only file system serves too.
    await utimes(join(entry, "layer.json"), now, now).catch(() => {});
    return layer;
  } catch (error) {
    // Of what can't be read nothing is known; it stays.
    if (isErrno(error) && !isErrno(error, "ENOENT")) explainDisk(error, folder);
    log("warning", `the cached layer ${name} is damaged and will be built again: ${entry}`);
    await dropLayer(entry).catch((failed: unknown) => explainDisk(failed, folder));
    return undefined;
  }
}

/** Removes an entry: first its index, so that it is never found half removed. */
export async function dropLayer(entry: string): Promise<void> {
  await rm(join(entry, "layer.json"), { force: true });
  await rm(entry, { recursive: true, force: true });
}
