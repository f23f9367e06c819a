import { StackError } from "../../lib/error.ts";
import { byteReader } from "./byte-reader.ts";
import { blockSize, padded, readHeader } from "./header.ts";
import { describe, extend, extensions, type Member, noExtension, normalise } from "./scan.ts";

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
  let extension = noExtension(0);
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
    if (extensions.has(header.type)) extend(extension, header, await extended());
    else {
      const { rawName, ...told } = describe(header, extension);
      const { size } = told;
      const name = normalise(rawName);
      last = name;
      const member: StreamedMember = { name, ...told };
      const content = bytes.stream(size, () => cut(name));
      yield { member, rawName, content };
      for await (const _ of content) {
        // What the caller left.
      }
      const rest = padded(size) - size;
      if ((await bytes.take(rest)).length < rest) throw cut(name);
      extension = noExtension(0);
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
