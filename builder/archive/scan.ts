import { StackError } from "../../lib/error.ts";
import { blockSize, type Header, padded, readHeader, readPax, TypeFlag } from "./header.ts";

/** A member of an archive on disk. */
export interface Member {
  /** `./path`, without a slash at the end; `.` for the root folder itself. */
  readonly name: string;
  readonly type: string;
  /** Of links: as written, for hard links normalised as `name` is. */
  readonly target: string;
  readonly size: number;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly mtime: number;
  /** Records of its pax header. */
  readonly pax: ReadonlyMap<string, Buffer>;
  /** Offset of its first header block, the extended ones before it included. */
  readonly start: number;
  /** Offset of its content. */
  readonly content: number;
  /** Offset of the next member. */
  readonly end: number;
}

/** Unprivileged containers map 65536 ids: `pct create` fails on any other. */
const maxId = 65535;
const special: ReadonlySet<string> = new Set([TypeFlag.character, TypeFlag.block]);
const known: ReadonlySet<string> = new Set([
  TypeFlag.file,
  TypeFlag.hardlink,
  TypeFlag.symlink,
  TypeFlag.directory,
  TypeFlag.fifo,
  TypeFlag.contiguous,
]);

/** Lists an archive's members as its bytes flow by. */
export interface Scanner {
  /**
   * Takes the next bytes. @returns those of the bytes taken so far that belong to complete
   * headers and contents: never the blocks of zeros that end an archive, nor what follows.
   */
  push(bytes: Buffer): Buffer[];
  /** To be called after the last bytes. @throws StackError `bad-archive` where a member is cut off */
  end(): Member[];
}

/**
 * Reads headers, and the extended ones before them; contents pass unread.
 *
 * @param source what the archive is, for messages
 * @throws StackError `bad-archive`; `id-out-of-range` for an owner of 65536 or more;
 *   `device-node`, which an unprivileged container can't make. From `push`.
 */
export function createScanner(source: string): Scanner {
  const members: Member[] = [];
  let extended = noExtension(0);
  /** Content bytes still to pass. */
  let passing = 0;
  /** The header block, or extended header's content, that is being collected. */
  let item = { header: undefined as Header | undefined, held: Buffer.alloc(blockSize), length: 0 };
  let at = 0;
  let ended = false;

  const complete = (): Buffer => {
    const { header, held } = item;
    item = { header: undefined, held: Buffer.alloc(blockSize), length: 0 };
    if (header !== undefined) {
      extend(extended, header, held.subarray(0, header.size));
      return held;
    }
    const read = readHeader(held);
    if (read === undefined) {
      ended = true;
      return Buffer.alloc(0);
    }
    if (extensions.has(read.type)) {
      if (read.size > 0) item = { header: read, held: Buffer.alloc(padded(read.size)), length: 0 };
      return held;
    }
    const member = checked(memberOf(read, extended, at), source);
    members.push(member);
    passing = padded(member.size);
    extended = noExtension(at + passing);
    return held;
  };

  return {
    push(bytes) {
      const belonging: Buffer[] = [];
      let from = 0;
      while (from < bytes.length && !ended) {
        if (passing > 0) {
          const part = bytes.subarray(from, from + passing);
          belonging.push(part);
          passing -= part.length;
          at += part.length;
          from += part.length;
          continue;
        }
        const taken = bytes.copy(item.held, item.length, from);
        item.length += taken;
        from += taken;
        if (item.length < item.held.length) break;
        at += item.held.length;
        const done = complete();
        if (done.length > 0) belonging.push(done);
      }
      return belonging;
    },
    end() {
      if (!ended && (passing > 0 || item.length > 0 || item.header !== undefined)) {
        throw new StackError("bad-archive", `${source} ends in the middle of a member`);
      }
      return members;
    },
  };
}

/** Lists an archive's members. @throws what `createScanner` does */
export async function scan(archive: AsyncIterable<Buffer>, source: string): Promise<Member[]> {
  const scanner = createScanner(source);
  for await (const bytes of archive) scanner.push(bytes);
  return scanner.end();
}

/** What headers before a member's own say of it. */
export interface Extension {
  /** Offset of the first of them. */
  readonly start: number;
  pax: ReadonlyMap<string, Buffer>;
  longName?: string;
  longLink?: string;
}

/** Types of the headers that come before a member's own. */
export const extensions: ReadonlySet<string> = new Set([
  TypeFlag.paxNext,
  TypeFlag.paxGlobal,
  TypeFlag.gnuLongName,
  TypeFlag.gnuLongLink,
]);

const noPax: ReadonlyMap<string, Buffer> = new Map();

export function noExtension(start: number): Extension {
  return { start, pax: noPax };
}

/** Takes in one of those headers, with its content. */
export function extend(extension: Extension, header: Header, content: Buffer): void {
  if (header.type === TypeFlag.paxNext) extension.pax = readPax(content);
  else if (header.type === TypeFlag.gnuLongName) extension.longName = cString(content);
  else if (header.type === TypeFlag.gnuLongLink) extension.longLink = cString(content);
}

/** @param content offset of its content */
function memberOf(header: Header, extension: Extension, content: number): Member {
  const { rawName, ...told } = describe(header, extension);
  return { ...told, name: normalise(rawName), start: extension.start, content, end: content + padded(told.size) };
}

/** What a member's header says, together with those before it. `rawName`: as it is written. */
export function describe(
  header: Header,
  { pax, longName, longLink }: Extension,
): Omit<Member, "name" | "start" | "content" | "end"> & { readonly rawName: string } {
  const target = pax.get("linkpath")?.toString("utf8") ?? longLink ?? header.linkName;
  return {
    rawName: pax.get("path")?.toString("utf8") ?? longName ?? header.name,
    type: header.type === TypeFlag.contiguous ? TypeFlag.file : header.type,
    target: header.type === TypeFlag.hardlink ? normalise(target) : target,
    size: numberOf(pax, "size") ?? header.size,
    mode: header.mode,
    uid: numberOf(pax, "uid") ?? header.uid,
    gid: numberOf(pax, "gid") ?? header.gid,
    mtime: numberOf(pax, "mtime") ?? header.mtime,
    pax,
  };
}

function checked(member: Member, path: string): Member {
  if (special.has(member.type)) {
    throw new StackError("device-node", `${path} holds the device node ${member.name}`, {
      hint: "an unprivileged container can't make device nodes; systemd and LXC fill /dev at boot",
    });
  }
  if (!known.has(member.type)) {
    throw new StackError(
      "bad-archive",
      `${path}: ${member.name} is of the unknown type ${JSON.stringify(member.type)}`,
    );
  }
  if (member.uid > maxId || member.gid > maxId) {
    throw new StackError(
      "id-out-of-range",
      `${member.name} belongs to ${member.uid}:${member.gid}; a container has ids up to ${maxId}`,
    );
  }
  return member;
}

/** `a/b/`, `./a/b`, `/a/b` → `./a/b`; the root folder is `.`. */
export function normalise(name: string): string {
  const parts = name.split("/").filter((part) => part !== "" && part !== ".");
  return parts.length === 0 ? "." : `./${parts.join("/")}`;
}

/** A decimal record of a pax header, its fraction left out. */
function numberOf(pax: ReadonlyMap<string, Buffer>, key: string): number | undefined {
  const value = pax.get(key);
  return value === undefined ? undefined : Math.floor(Number(value.toString("latin1")));
}

/** A text that a NUL ends. */
function cString(content: Buffer): string {
  const end = content.indexOf(0);
  return content.toString("utf8", 0, end < 0 ? content.length : end);
}
