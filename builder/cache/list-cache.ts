import { readdir, readFile, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { isErrno } from "../../lib/error.ts";
import { layersFolder } from "./cached-layer.ts";
import { layerIndex } from "./layer-index.ts";
import { unseal } from "./seal.ts";
import { newEntry } from "./store-layer.ts";

/** One layer of the cache, for a person and for pruning. */
export interface CacheEntry {
  readonly folder: string;
  readonly name: string;
  readonly key: string;
  /** On disk. */
  readonly bytes: number;
  readonly entries: number;
  /** What its building took. */
  readonly seconds: number;
  /** When a build last took it, milliseconds since 1970. */
  readonly used: number;
}

/** The cache's layers, last used first; what can't be read as one has name "damaged", one being written "unfinished". */
export async function listCache(cache: string): Promise<CacheEntry[]> {
  const folder = layersFolder(cache);
  const names = await readdir(folder).catch((error: unknown) => {
    if (isErrno(error, "ENOENT")) return [];
    throw error;
  });
  const entries = await Promise.all(names.map((name) => readEntry(join(folder, name))));
  return entries.filter((entry) => entry !== undefined).sort((a, b) => b.used - a.used);
}

/** undefined for one that another process has just removed. */
async function readEntry(folder: string): Promise<CacheEntry | undefined> {
  try {
    const files = await readdir(folder);
    const stats = await Promise.all(files.map((name) => stat(join(folder, name))));
    const bytes = stats.reduce((sum, { size }) => sum + size, 0);
    const path = join(folder, "layer.json");
    const { mtimeMs: used } = await stat(files.includes("layer.json") ? path : folder);
    const unknown = { folder, key: "", bytes, entries: 0, seconds: 0, used };
    if (basename(folder).startsWith(newEntry)) return { ...unknown, name: "unfinished" };
    try {
      const { name, key, entries, seconds } = layerIndex.parse(unseal(await readFile(path, "utf8")));
      return { folder, name, key, bytes, entries, seconds, used };
    } catch {
      return { ...unknown, name: "damaged" };
    }
  } catch (error) {
    if (isErrno(error, "ENOENT", "ENOTDIR")) return undefined;
    throw error;
  }
}
