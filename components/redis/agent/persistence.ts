import type { Snapshot } from "../../../stack/components/redis/model.ts";
import { infoField } from "./info-field.ts";

/** How a node's data stands on its disk: `INFO persistence`. */
export interface Persistence {
  /** A child is at work, or about to be: the node may double. */
  readonly saves: boolean;
  readonly changes: number;
  /** Seconds since 1970. */
  readonly lastSave: number;
  /** Bytes of the append-only file, and what it had when it was last rewritten. */
  readonly size: number;
  readonly base: number;
  /** Of the last try. */
  readonly failed: readonly Save[];
}

export type Save = "BGSAVE" | "BGREWRITEAOF";

/** From this size on an append-only file is rewritten that has doubled, as by Redis's own defaults. */
const worthRewriting = 64 * 1024 * 1024;

export function readPersistence(info: string): Persistence {
  const number = (name: string): number => Number(infoField(info, name) ?? 0);
  const isSet = (name: string): boolean => number(name) !== 0;
  return {
    saves: isSet("rdb_bgsave_in_progress") || isSet("aof_rewrite_in_progress") || isSet("aof_rewrite_scheduled"),
    changes: number("rdb_changes_since_last_save"),
    lastSave: number("rdb_last_save_time"),
    size: number("aof_current_size"),
    base: number("aof_base_size"),
    failed: [
      ...(infoField(info, "rdb_last_bgsave_status") === "err" ? (["BGSAVE"] as const) : []),
      ...(infoField(info, "aof_last_bgrewrite_status") === "err" ? (["BGREWRITEAOF"] as const) : []),
    ],
  };
}

/**
 * What is due by the rules that Redis itself would go by, what failed last, and what was asked for.
 *
 * @param now seconds since 1970
 * @param asked the moment since which it is to have saved, seconds since 1970. Whether anything changed since its
 *   last save doesn't count: a node that has just read its log counts from there.
 */
export function dueSaves(
  { changes, lastSave, size, base, failed }: Persistence,
  snapshots: readonly Snapshot[],
  now: number,
  asked = 0,
): readonly Save[] {
  const isOld = snapshots.some((rule) => changes >= rule.changes && now - lastSave > rule.seconds);
  const isLong = size > worthRewriting && size >= 2 * base;
  return [
    ...(isOld || lastSave < asked || failed.includes("BGSAVE") ? (["BGSAVE"] as const) : []),
    ...(isLong || failed.includes("BGREWRITEAOF") ? (["BGREWRITEAOF"] as const) : []),
  ];
}
