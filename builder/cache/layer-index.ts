import * as z from "zod/mini";
import type { Member } from "../archive/scan.ts";

/**
 * A layer's archive is kept in chunks of so many bytes, each compressed apart: what a higher
 * layer replaces costs one chunk's compression, not the layer's.
 */
export const chunkSize = 2 * 1024 * 1024;

/** sha256, hex. */
export const digest = z.string().check(z.regex(/^[0-9a-f]{64}$/));

/** `layer.json`, sealed: what a cached layer is. */
export const layerIndex = z.strictObject({
  schemaVersion: z.literal(1),
  name: z.string(),
  key: digest,
  /** Of the archive, without its end-of-archive blocks. */
  bytes: z.int(),
  /** sha256 of each chunk of the archive. */
  chunks: z.array(digest),
  /** sha256 of `members.jsonl`. */
  members: digest,
  entries: z.int(),
  /** What its building took. */
  seconds: z.number(),
  /** What later steps must know of the layer, its own matter. */
  facts: z.optional(z.unknown()),
});
export type LayerIndex = z.output<typeof layerIndex>;

type Row = [
  name: string,
  type: string,
  target: string,
  size: number,
  mode: number,
  uid: number,
  gid: number,
  mtime: number,
  start: number,
  content: number,
  end: number,
  pax: readonly (readonly [string, string])[],
];

/** `members.jsonl`: one line a member, so that it is neither written nor read all at once. */
export function* membersToLines(members: readonly Member[]): Generator<string> {
  for (const one of members) {
    const pax = [...one.pax].map(([key, value]) => [key, value.toString("base64")] as const);
    const { name, type, target, size, mode, uid, gid, mtime, start, content, end } = one;
    const row: Row = [name, type, target, size, mode, uid, gid, mtime, start, content, end, pax];
    yield `${JSON.stringify(row)}\n`;
  }
}

/** @param text whose digest was right */
export function membersFromLines(text: string): Member[] {
  const members: Member[] = [];
  for (let from = 0; from < text.length; ) {
    const to = text.indexOf("\n", from);
    members.push(memberOf(JSON.parse(text.slice(from, to)) as Row));
    from = to + 1;
  }
  return members;
}

function memberOf([name, type, target, size, mode, uid, gid, mtime, start, content, end, pax]: Row): Member {
  return {
    ...{ name, type, target, size, mode, uid, gid, mtime, start, content, end },
    pax: pax.length === 0 ? none : new Map(pax.map(([key, value]) => [key, Buffer.from(value, "base64")])),
  };
}

const none: ReadonlyMap<string, Buffer> = new Map();
