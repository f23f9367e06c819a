import { pad, TypeFlag, writeHeader } from "../../../builder/archive/header.ts";
import { endOfArchive } from "../../../builder/archive/merge.ts";
import { chunkSize } from "../../../builder/cache/layer-index.ts";

/** Numbers that are the same in every run. */
export function random(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
    return state % below;
  };
}

/** Half noise, half repetition: compresses, but not to nothing. */
export function content(bytes: number, seed: number): Buffer {
  const next = random(seed);
  const made = Buffer.alloc(bytes, `line ${seed}\n`);
  for (let at = 0; at + 64 < bytes; at += 128)
    for (let i = 0; i < 64; i += 4) made.writeInt32LE(next(0x7fffffff), at + i);
  return made;
}

export interface File {
  readonly name: string;
  readonly bytes: Buffer;
}

/** An archive of regular files. */
export function archive(files: readonly File[]): Buffer {
  const members = files.map(({ name, bytes }) => {
    const header = { name, linkName: "", type: TypeFlag.file, mode: 0o644, uid: 0, gid: 0, mtime: 1_700_000_000 };
    return Buffer.concat([writeHeader({ ...header, size: bytes.length }), pad(bytes)]);
  });
  return Buffer.concat([...members, endOfArchive]);
}

/** As a pipe would bring it. */
export async function* flowing(bytes: Buffer): AsyncGenerator<Buffer> {
  for (let at = 0, size = 1; at < bytes.length; at += size, size = (size * 13 + 7) % 65_521) {
    yield bytes.subarray(at, at + size);
  }
}

/** Content bytes of a file that, header included, ends exactly where a chunk does. */
export const wholeChunk = chunkSize - 512;

export async function gathered(stream: AsyncIterable<Buffer>): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of stream) parts.push(Buffer.from(part));
  return Buffer.concat(parts);
}
