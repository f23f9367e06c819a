import { type FileHandle, open } from "node:fs/promises";

/*
 * Ra's write-ahead log: `RAWA`, a version of one byte, then records one behind the other. A record
 * is: one bit "truncate", one bit "known writer", the writer's number in 22; where it isn't known
 * yet, its name with a length of 16 before it; adler32 of what follows but the length, or 0; the
 * entry's length, both of 32; its index and its term, both of 64; the entry. Zeros end it.
 * (Read in ra_log_wal.erl of ra 2.2 and 2.14, which read it alike.)
 */

/** How a log can be read. `empty`: not even its head is there; `foreign`: it has another. */
export interface WalFacts {
  readonly state: "sound" | "empty" | "foreign" | "damaged";
  /** Bytes. */
  readonly size: number;
  /** From its beginning, whole records. */
  readonly sound: number;
  readonly records: number;
}

const head = Buffer.from("RAWA\u0001", "latin1");
const CHUNK = 4 * 1024 * 1024;
/** After a record whose sum is wrong, so many zeros say that it was the last; fewer bytes do too. */
const END = 13;

/** Reads a log as the broker does at its start. */
export async function readWal(path: string): Promise<WalFacts> {
  const handle = await open(path, "r");
  try {
    const { size } = await handle.stat();
    const bytes = windowOf(handle, size);
    if (size < head.length) return { state: "empty", size, sound: 0, records: 0 };
    if (!(await bytes(0, head.length))?.equals(head)) return { state: "foreign", size, sound: 0, records: 0 };
    let at = head.length;
    for (let records = 0; ; records += 1) {
      const end = await recordEnd(bytes, at);
      if (typeof end !== "number") return { state: end, size, sound: at, records };
      at = end;
    }
  } finally {
    await handle.close();
  }
}

/** Bytes at an offset; undefined where the file has no so many. */
type Window = (offset: number, length: number) => Promise<Buffer | undefined>;

/** Where the next record begins; or that the log ends here, as it should or as it should not. */
async function recordEnd(bytes: Window, at: number): Promise<number | "sound" | "damaged"> {
  const first = await bytes(at, 5);
  if (first === undefined) return "sound";
  const isKnown = (first.readUInt8(0) & 0x40) !== 0;
  const begin = at + 3 + (isKnown ? 0 : 2 + first.readUInt16BE(3));
  const sums = await bytes(begin, 8);
  if (sums === undefined) return "sound";
  const [sum, length] = [sums.readUInt32BE(0), sums.readUInt32BE(4)];
  if (first.readUIntBE(0, 3) === 0 && sum === 0 && length === 0) return "sound";
  const entry = await bytes(begin + 8, 16 + length);
  if (entry === undefined) return "sound";
  const end = begin + 24 + length;
  if (sum === 0 || sum === adler32(entry)) return end;
  const rest = await bytes(end, END);
  return rest === undefined || rest.every((byte) => byte === 0) ? "sound" : "damaged";
}

/** Reads the file in chunks, from front to back. */
function windowOf(handle: FileHandle, size: number): Window {
  let start = 0;
  let held = Buffer.alloc(0);
  return async (offset, length) => {
    if (offset + length > size) return undefined;
    if (offset < start || offset + length > start + held.length) {
      const chunk = Buffer.alloc(Math.min(size - offset, Math.max(CHUNK, length)));
      const { bytesRead } = await handle.read(chunk, 0, chunk.length, offset);
      start = offset;
      held = chunk.subarray(0, bytesRead);
    }
    return offset + length > start + held.length ? undefined : held.subarray(offset - start, offset - start + length);
  };
}

/** RFC 1950. */
function adler32(bytes: Buffer): number {
  let [a, b] = [1, 0];
  for (let from = 0; from < bytes.length; from += 3800) {
    // As many as can be summed before the remainder is due.
    for (const byte of bytes.subarray(from, from + 3800)) {
      a += byte;
      b += a;
    }
    a %= 65_521;
    b %= 65_521;
  }
  return b * 65_536 + a;
}
