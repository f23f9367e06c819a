import { StackError } from "../../lib/error.ts";
import { type ByteReader, byteReader } from "./byte-reader.ts";

const frameMagic = 0xfd2fb528;
/** The last four bits are free. */
const skippableMagic = 0x184d2a50;
/** Bytes of the dictionary's id and of the content's size, by their flags. */
const dictionaryBytes = [0, 1, 2, 4];
const contentSizeBytes = [0, 2, 4, 8];
const runLength = 1;

/**
 * Takes a zstd file apart into its frames, each whole and by itself, without decompressing.
 * Each must be read before the next is asked for. Skippable frames are left out.
 *
 * @see RFC 8878, section 3.1
 * @throws StackError `damaged`, from here or from reading a frame
 */
export async function* zstdFrames(source: AsyncIterable<Buffer>): AsyncGenerator<AsyncGenerator<Buffer>> {
  const bytes = byteReader(source);
  for (;;) {
    const magic = await bytes.take(4);
    if (magic.length === 0) return;
    const number = magic.length === 4 ? magic.readUInt32LE() : 0;
    if ((number & ~0xf) >>> 0 === skippableMagic) {
      const length = (await need(bytes, 4)).readUInt32LE();
      for await (const _ of bytes.stream(length, cutShort)) {
        // Nothing that belongs to the content.
      }
    } else if (number === frameMagic) yield frame(bytes, magic);
    else
      throw new StackError("damaged", "the compressed data is damaged: there is no zstd frame where one should begin");
  }
}

async function* frame(bytes: ByteReader, magic: Buffer): AsyncGenerator<Buffer> {
  const descriptor = await need(bytes, 1);
  const flags = descriptor[0] ?? 0;
  const singleSegment = (flags & 0x20) !== 0;
  const sizeBytes = contentSizeBytes[flags >> 6] ?? 0;
  const length =
    (singleSegment ? 0 : 1) + (dictionaryBytes[flags & 3] ?? 0) + (singleSegment && sizeBytes === 0 ? 1 : sizeBytes);
  yield Buffer.concat([magic, descriptor, await need(bytes, length)]);
  for (let last = false; !last; ) {
    const header = await need(bytes, 3);
    const block = header.readUIntLE(0, 3);
    last = (block & 1) !== 0;
    const type = (block >> 1) & 3;
    yield Buffer.concat([header, await need(bytes, type === runLength ? 1 : block >> 3)]);
  }
  if ((flags & 4) !== 0) yield await need(bytes, 4);
}

async function need(bytes: ByteReader, length: number): Promise<Buffer> {
  const found = await bytes.take(length);
  if (found.length < length) throw cutShort();
  return found;
}

function cutShort(): StackError {
  return new StackError("damaged", "the compressed data is damaged: it ends in the middle of a zstd frame");
}
