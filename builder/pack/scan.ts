import { closeSync, openSync, readSync } from "node:fs";
import { StackError } from "../../lib/error.ts";
import { blockSize, padded, readHeader, readPax, TypeFlag } from "./header.ts";

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

/**
 * Lists an archive's members by its headers alone; contents are skipped, not read.
 *
 * @throws StackError `bad-archive`; `id-out-of-range` for an owner of 65536 or more;
 *   `device-node`, which an unprivileged container can't make.
 */
export function scan(path: string): Member[] {
  const file = openSync(path, "r");
  try {
    return [...members(reader(file), path)];
  } finally {
    closeSync(file);
  }
}

type Read = (at: number, length: number) => Buffer;

function* members(read: Read, path: string): Generator<Member> {
  let at = 0;
  for (;;) {
    const start = at;
    let pax = new Map<string, Buffer>();
    let longName: string | undefined;
    let longLink: string | undefined;
    for (;;) {
      const block = read(at, blockSize);
      if (block.length === 0 && at === start) return;
      if (block.length < blockSize) throw new StackError("bad-archive", `${path} ends in the middle of a member`);
      const header = readHeader(block);
      if (header === undefined) return;
      const content = at + blockSize;
      at = content + padded(header.size);
      if (header.type === TypeFlag.paxNext) {
        pax = readPax(read(content, header.size));
      } else if (header.type === TypeFlag.gnuLongName) {
        longName = cString(read(content, header.size));
      } else if (header.type === TypeFlag.gnuLongLink) {
        longLink = cString(read(content, header.size));
      } else {
        const size = numberOf(pax, "size") ?? header.size;
        at = content + padded(size);
        const name = pax.get("path")?.toString("utf8") ?? longName ?? header.name;
        const target = pax.get("linkpath")?.toString("utf8") ?? longLink ?? header.linkName;
        yield checked(
          {
            name: normalise(name),
            type: header.type === TypeFlag.contiguous ? TypeFlag.file : header.type,
            target: header.type === TypeFlag.hardlink ? normalise(target) : target,
            size,
            mode: header.mode,
            uid: numberOf(pax, "uid") ?? header.uid,
            gid: numberOf(pax, "gid") ?? header.gid,
            mtime: numberOf(pax, "mtime") ?? header.mtime,
            pax,
            start,
            content,
            end: at,
          },
          path,
        );
        break;
      }
    }
  }
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
export function numberOf(pax: ReadonlyMap<string, Buffer>, key: string): number | undefined {
  const value = pax.get(key);
  return value === undefined ? undefined : Math.floor(Number(value.toString("latin1")));
}

/** A text that a NUL ends. */
export function cString(content: Buffer): string {
  const end = content.indexOf(0);
  return content.toString("utf8", 0, end < 0 ? content.length : end);
}

/** Reads through a window, so that headers of small members cost no system call each. */
function reader(file: number): Read {
  const window = Buffer.allocUnsafe(256 * 1024);
  let from = 0;
  let until = 0;
  return (at, length) => {
    if (length > window.length) {
      const whole = Buffer.alloc(length);
      return whole.subarray(0, readSync(file, whole, 0, length, at));
    }
    if (at < from || at + length > until) {
      from = at;
      until = at + readSync(file, window, 0, window.length, at);
    }
    // A copy: the window is overwritten while pax values of a member are still held.
    return Buffer.from(window.subarray(at - from, Math.min(at + length, until) - from));
  };
}
