import { type CacheEntry, listCache } from "./list-cache.ts";
import { dropLayer } from "./stored-layer.ts";

/** Room for some five builds of the default stack. */
export const defaultCacheLimit = 4 * 1024 ** 3;

export interface PruneOptions {
  /** Bytes that may stay. */
  readonly limit: number;
  /** Milliseconds after which an entry that no build took goes even where there is room. */
  readonly unusedFor?: number;
  /** Entries that stay whatever they take. */
  readonly keep?: readonly string[];
  /** Only tells what would go. */
  readonly dry?: boolean;
}

/** An entry being written for so long was left by a build that was killed. */
const abandonedAfter = 6 * 3_600_000;

/** Removes what was used longest ago until the rest fits, and what is too old. @returns what went */
export async function pruneCache(
  cache: string,
  { limit, unusedFor = Number.POSITIVE_INFINITY, keep = [], dry = false }: PruneOptions,
): Promise<CacheEntry[]> {
  const kept = new Set(keep);
  const entries = await listCache(cache);
  const gone: CacheEntry[] = [];
  let held = 0;
  for (const entry of [...entries].sort((a, b) => Number(kept.has(b.folder)) - Number(kept.has(a.folder)))) {
    const age = Date.now() - entry.used;
    const useless = entry.name === "damaged" || (entry.name === "unfinished" && age > abandonedAfter);
    held += entry.bytes;
    const wanted = held <= limit && age <= unusedFor;
    const stays = entry.name === "unfinished" || kept.has(entry.folder) || wanted;
    if (stays && !useless) continue;
    held -= entry.bytes;
    gone.push(entry);
    if (!dry) await dropLayer(entry.folder);
  }
  return gone;
}
