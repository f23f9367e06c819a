import { StackError } from "../../lib/error.ts";
import { byteReader } from "./byte-reader.ts";
import { blockSize, padded, readHeader, readPax, TypeFlag } from "./header.ts";
import { cString, type Member, normalise, numberOf } from "./scan.ts";

/** A member as it comes out of a stream: where it lies in a file is not known. */
export type StreamedMember = Omit<Member, "start" | "content" | "end">;

export interface ReadMember {
  readonly member: StreamedMember;
  /** The name as the archive has it, before it is normalised. */
  readonly rawName: string;
  /** The content, to be read before the next member is asked for; what isn't read is skipped. */
  readonly content: AsyncIterable<Buffer>;
}

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
  let pax = new Map<string, Buffer>();
  let longName: string | undefined;
  let longLink: string | undefined;
  let last = "the archive's beginning";
  for (;;) {
    const block = await bytes.take(blockSize);
    if (block.length === 0) throw new StackError("bad-archive", `it ends after ${last}, without an archive's end`);
    if (block.length < blockSize)
      throw new StackError("bad-archive", `it ends in the middle of a header, after ${last}`);
    const header = readHeader(block);
    if (header === undefined) break;
    const extended = async (): Promise<Buffer> => {
      if (header.size > maxExtended) throw new StackError("bad-archive", `an extended header of ${header.size} bytes`);
      const content = await bytes.take(padded(header.size));
      if (content.length < padded(header.size)) {
        throw new StackError("bad-archive", `it ends in the middle of a header, after ${last}`);
      }
      return content.subarray(0, header.size);
    };
    if (header.type === TypeFlag.paxNext) pax = readPax(await extended());
    else if (header.type === TypeFlag.paxGlobal) await extended();
    else if (header.type === TypeFlag.gnuLongName) longName = cString(await extended());
    else if (header.type === TypeFlag.gnuLongLink) longLink = cString(await extended());
    else {
      const size = numberOf(pax, "size") ?? header.size;
      const rawName = pax.get("path")?.toString("utf8") ?? longName ?? header.name;
      const target = pax.get("linkpath")?.toString("utf8") ?? longLink ?? header.linkName;
      const name = normalise(rawName);
      last = name;
      const member: StreamedMember = {
        name,
        type: header.type === TypeFlag.contiguous ? TypeFlag.file : header.type,
        target: header.type === TypeFlag.hardlink ? normalise(target) : target,
        size,
        mode: header.mode,
        uid: numberOf(pax, "uid") ?? header.uid,
        gid: numberOf(pax, "gid") ?? header.gid,
        mtime: numberOf(pax, "mtime") ?? header.mtime,
        pax,
      };
      const content = bytes.stream(size, () => cut(name));
      yield { member, rawName, content };
      for await (const _ of content) {
        // What the caller left.
      }
      const rest = padded(size) - size;
      if ((await bytes.take(rest)).length < rest) throw cut(name);
      pax = new Map();
      longName = undefined;
      longLink = undefined;
    }
  }
  for (let rest = await bytes.some(); rest.length > 0; rest = await bytes.some()) {
    if (!rest.every((byte) => byte === 0)) {
      throw new StackError(
        "bad-archive",
        `there is more after the archive's end, which tar would ignore; the last it sees is ${last}`,
      );
    }
  }
}

function cut(name: string): StackError {
  return new StackError("bad-archive", `it ends in the middle of ${name}`);
}
