import { StackError } from "../../lib/error.ts";

export const blockSize = 512;

/** ustar's type flags, and the extensions of pax and GNU tar that come before a member. */
export const TypeFlag = {
  file: "0",
  hardlink: "1",
  symlink: "2",
  character: "3",
  block: "4",
  directory: "5",
  fifo: "6",
  contiguous: "7",
  paxNext: "x",
  paxGlobal: "g",
  gnuLongName: "L",
  gnuLongLink: "K",
} as const;

/** The fields of one 512-byte header that packing needs. */
export interface Header {
  readonly name: string;
  readonly linkName: string;
  readonly type: string;
  /** Bytes of content after the header. */
  readonly size: number;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly mtime: number;
}

/**
 * Reads a header block (POSIX.1-1988 ustar, and old GNU, which differ in what `prefix` means).
 *
 * @returns undefined for a block of zeros, which ends an archive
 * @throws StackError `bad-archive` for a wrong checksum
 */
export function readHeader(block: Buffer): Header | undefined {
  if (block.every((byte) => byte === 0)) return undefined;
  if (checksum(block) !== number(block, 148, 8)) {
    throw new StackError("bad-archive", "a tar header's checksum is wrong");
  }
  const ustar = block.toString("latin1", 257, 263) === "ustar\0";
  const prefix = ustar ? text(block, 345, 155) : "";
  const name = text(block, 0, 100);
  return {
    name: prefix === "" ? name : `${prefix}/${name}`,
    linkName: text(block, 157, 100),
    type: block[156] === 0 ? TypeFlag.file : String.fromCharCode(block[156] ?? 0),
    size: number(block, 124, 12),
    mode: number(block, 100, 8),
    uid: number(block, 108, 8),
    gid: number(block, 116, 8),
    mtime: number(block, 136, 12),
  };
}

/** Bytes that a content of `size` takes in an archive, padding included. */
export function padded(size: number): number {
  return Math.ceil(size / blockSize) * blockSize;
}

/** Records of a pax extended header: `LENGTH KEY=VALUE\n`, LENGTH counting itself. */
export function readPax(content: Buffer): Map<string, Buffer> {
  const records = new Map<string, Buffer>();
  let at = 0;
  while (at < content.length && content[at] !== 0) {
    const space = content.indexOf(0x20, at);
    const length = Number.parseInt(content.toString("latin1", at, space), 10);
    const equals = content.indexOf(0x3d, space);
    if (space < 0 || equals < 0 || !(length > 0) || at + length > content.length) {
      throw new StackError("bad-archive", "a pax header can't be read");
    }
    records.set(content.toString("utf8", space + 1, equals), content.subarray(equals + 1, at + length - 1));
    at += length;
  }
  return records;
}

export function writePax(records: ReadonlyMap<string, Buffer>): Buffer {
  const parts = [...records].map(([key, value]) => {
    const rest = Buffer.concat([Buffer.from(` ${key}=`), value, Buffer.from("\n")]);
    let length = rest.length + 1;
    while (String(length).length + rest.length !== length) length = String(length).length + rest.length;
    return Buffer.concat([Buffer.from(String(length)), rest]);
  });
  return Buffer.concat(parts);
}

/**
 * Writes a member's header, with a pax header before it where a name is longer than ustar
 * takes or further records (extended attributes) are given.
 */
export function writeHeader(header: Header, records: ReadonlyMap<string, Buffer> = new Map()): Buffer {
  const pax = new Map(records);
  const name = Buffer.from(header.name);
  const link = Buffer.from(header.linkName);
  if (name.length > 100 || !isAscii(name)) pax.set("path", name);
  if (link.length > 100 || !isAscii(link)) pax.set("linkpath", link);
  const block = headerBlock(header, name, link);
  if (pax.size === 0) return block;
  const content = writePax(pax);
  const before = { ...header, name: "./PaxHeaders/member", type: TypeFlag.paxNext, size: content.length, linkName: "" };
  return Buffer.concat([headerBlock(before, Buffer.from(before.name), Buffer.alloc(0)), pad(content), block]);
}

/** Content filled up with zeros to whole blocks. */
export function pad(content: Buffer): Buffer {
  return Buffer.concat([content, Buffer.alloc(padded(content.length) - content.length)]);
}

function headerBlock(header: Header, name: Buffer, link: Buffer): Buffer {
  const block = Buffer.alloc(blockSize);
  name.copy(block, 0, 0, 100);
  octal(block, header.mode, 100, 8);
  octal(block, header.uid, 108, 8);
  octal(block, header.gid, 116, 8);
  octal(block, header.size, 124, 12);
  octal(block, header.mtime, 136, 12);
  block.write(header.type, 156, "latin1");
  link.copy(block, 157, 0, 100);
  block.write("ustar\0" + "00", 257, "latin1");
  block.write(`${checksum(block).toString(8).padStart(6, "0")}\0 `, 148, "latin1");
  return block;
}

/** The sum of a header's bytes with its own field taken as spaces. */
function checksum(block: Buffer): number {
  let sum = 8 * 0x20;
  for (let at = 0; at < blockSize; at++) if (at < 148 || at >= 156) sum += block[at] ?? 0;
  return sum;
}

function octal(block: Buffer, value: number, at: number, length: number): void {
  block.write(`${value.toString(8).padStart(length - 1, "0")}\0`, at, "latin1");
}

function text(block: Buffer, at: number, length: number): string {
  const end = block.indexOf(0, at);
  return block.toString("utf8", at, end < 0 || end > at + length ? at + length : end);
}

/** An octal number, or GNU's base-256 one, marked by the first bit, for what octal can't hold. */
function number(block: Buffer, at: number, length: number): number {
  if (((block[at] ?? 0) & 0x80) === 0) {
    return Number.parseInt(block.toString("latin1", at, at + length).trim() || "0", 8) || 0;
  }
  let value = 0;
  for (let index = at + length - 6; index < at + length; index++) value = value * 256 + (block[index] ?? 0);
  return value;
}

function isAscii(bytes: Buffer): boolean {
  return bytes.every((byte) => byte < 0x80);
}
