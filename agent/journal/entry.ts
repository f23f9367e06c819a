import type { Fields, Level } from "../../lib/log.ts";

/** A journal entry's fields, in order; each name once. */
export type Entry = readonly (readonly [name: string, value: string])[];

/** syslog(3)'s priorities. */
export const priorities: Readonly<Record<Level, number>> = { error: 3, warning: 4, notice: 5, info: 6, debug: 7 };

const longestField = 64 * 1024;
const longestEntry = 128 * 1024;

/**
 * Makes a message and its fields into a journal entry: NULs taken out (the addon would
 * read past one), values cut at 64 KiB and the whole at 128 KiB, which is what a datagram
 * to journald may hold. Fields whose names the journal would refuse are left out.
 */
export function journalEntry(identifier: string, level: Level, message: string, fields: Fields = {}): Entry {
  const entry: [string, string][] = [
    ["SYSLOG_IDENTIFIER", identifier],
    ["PRIORITY", String(priorities[level])],
    ["MESSAGE", clean(message)],
  ];
  const given = new Set(entry.map(([name]) => name));
  let size = entry.reduce((sum, field) => sum + fieldSize(field), 0);
  for (const [name, value] of Object.entries(fields)) {
    if (value === undefined || given.has(name) || !/^[A-Z][A-Z0-9_]{0,63}$/.test(name)) continue;
    const field: [string, string] = [name, clean(String(value))];
    size += fieldSize(field);
    if (size > longestEntry) break;
    entry.push(field);
  }
  return entry;
}

/** The entry in journald's native protocol (systemd.io/JOURNAL_NATIVE_PROTOCOL), for a datagram. */
export function nativeEntry(entry: Entry): Buffer {
  return Buffer.concat(
    entry.map(([name, value]) => {
      if (!value.includes("\n")) return Buffer.from(`${name}=${value}\n`);
      const bytes = Buffer.from(value);
      const length = Buffer.alloc(8);
      length.writeBigUInt64LE(BigInt(bytes.length));
      return Buffer.concat([Buffer.from(`${name}\n`), length, bytes, Buffer.from("\n")]);
    }),
  );
}

/** The message with syslog's `<N>` in front of each line, as journald takes it from standard error. */
export function prefixedLines(level: Level, message: string): string {
  return clean(message)
    .split("\n")
    .map((line) => `<${priorities[level]}>${line}\n`)
    .join("");
}

function clean(text: string): string {
  const plain = text.replaceAll("\0", "");
  if (Buffer.byteLength(plain) <= longestField) return plain;
  // Cut on bytes, then drop the half of a character that may be left at the end.
  return `${Buffer.from(plain)
    .subarray(0, longestField - 4)
    .toString()
    .replace(/\ufffd$/, "")}…`;
}

function fieldSize([name, value]: readonly [string, string]): number {
  return name.length + Buffer.byteLength(value) + 10;
}
