import { StackError } from "../../lib/error.ts";
import { byteReader } from "./byte-reader.ts";
import { blockSize, type Header, padded, readHeader, readPax, TypeFlag } from "./header.ts";

/** A member as it comes out of a stream: where it lies in a file is not known. */
export interface StreamedMember {
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
}

export interface ReadMember {
  readonly member: StreamedMember;
  /** The name as the archive has it, before it is normalised. */
  readonly rawName: string;
  /** Its header's block, those of the extended headers before it included. */
  readonly head: Buffer;
  /** The content, to be read before the next member is asked for; what isn't read is skipped. */
  readonly content: AsyncIterable<Buffer>;
  /** The content as it lies in the archive, filled up to whole blocks: read either. */
  readonly body: AsyncIterable<Buffer>;
}

/** Types of what a container's root file system may hold, as `StreamedMember` has them. */
export const memberTypes: ReadonlySet<string> = new Set([
  TypeFlag.file,
  TypeFlag.hardlink,
  TypeFlag.symlink,
  TypeFlag.directory,
  TypeFlag.fifo,
]);

/** Extended headers are small; a larger one is damage, or an attack on memory. */
const maxExtended = 1024 * 1024;

/**
 * Reads an archive as it flows by, in memory that doesn't grow with it. Nothing is refused
 * that a tar program would read: device nodes and owners of any number are for the caller
 * to judge.
 *
 * @param source the uncompressed bytes; they are read to their end
 * @throws StackError `bad-archive` for a header that can't be read, an end in the middle of a
 *   member or without the blocks that end an archive, and for bytes after those blocks: tar
 *   silently ignores them
 */
export async function* readArchive(source: AsyncIterable<Buffer>): AsyncGenerator<ReadMember> {
  const bytes = byteReader(source);
  let extension: Extension = { pax: noPax };
  let head: Buffer[] = [];
  let last = "the archive's beginning";
  const blocks = async (length: number): Promise<Buffer> => {
    const taken = await bytes.take(length);
    if (taken.length < length) throw new StackError("bad-archive", `it ends in the middle of a header, after ${last}`);
    head.push(taken);
    return taken;
  };
  try {
    for (;;) {
      if (await bytes.ended()) {
        throw new StackError("bad-archive", `it ends after ${last}, without an archive's end`);
      }
      const header = readHeader(await blocks(blockSize));
      if (header === undefined) break;
      if (extensions.has(header.type)) {
        if (header.size > maxExtended) {
          throw new StackError("bad-archive", `an extended header of ${header.size} bytes`);
        }
        extend(extension, header, (await blocks(padded(header.size))).subarray(0, header.size));
        continue;
      }
      const { rawName, ...told } = describe(header, extension);
      const name = normalise(rawName);
      last = name;
      const body = bytes.stream(padded(told.size), () => cut(name));
      yield { member: { name, ...told }, rawName, head: Buffer.concat(head), content: first(body, told.size), body };
      for await (const _ of body) {
        // What the caller left.
      }
      extension = { pax: noPax };
      head = [];
    }
    for (let rest = await bytes.some(); rest.length > 0; rest = await bytes.some()) {
      if (!rest.every((byte) => byte === 0)) {
        throw new StackError(
          "bad-archive",
          `there is more after the archive's end, which tar would ignore; the last it sees is ${last}`,
        );
      }
    }
  } finally {
    await bytes.close();
  }
}

function cut(name: string): StackError {
  return new StackError("bad-archive", `it ends in the middle of ${name}`);
}

/** As much of a body as is content. */
async function* first(body: AsyncIterable<Buffer>, length: number): AsyncGenerator<Buffer> {
  let missing = length;
  if (missing === 0) return;
  for await (const chunk of body) {
    const part = chunk.subarray(0, missing);
    missing -= part.length;
    yield part;
    if (missing === 0) return;
  }
}

/** What headers before a member's own say of it. */
interface Extension {
  pax: ReadonlyMap<string, Buffer>;
  longName?: string;
  longLink?: string;
}

/** Types of the headers that come before a member's own. */
const extensions: ReadonlySet<string> = new Set([
  TypeFlag.paxNext,
  TypeFlag.paxGlobal,
  TypeFlag.gnuLongName,
  TypeFlag.gnuLongLink,
]);

const noPax: ReadonlyMap<string, Buffer> = new Map();

/** Takes in one of those headers, with its content. */
function extend(extension: Extension, header: Header, content: Buffer): void {
  if (header.type === TypeFlag.paxNext) extension.pax = readPax(content);
  else if (header.type === TypeFlag.gnuLongName) extension.longName = cString(content);
  else if (header.type === TypeFlag.gnuLongLink) extension.longLink = cString(content);
}

/** What a member's header says, together with those before it. `rawName`: as it is written. */
function describe(
  header: Header,
  { pax, longName, longLink }: Extension,
): Omit<StreamedMember, "name"> & { readonly rawName: string } {
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
