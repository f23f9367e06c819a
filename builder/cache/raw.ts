import { open, readdir } from "node:fs/promises";
import { join } from "node:path";
import { endOfArchive } from "../archive/merge.ts";
import type { Format } from "../context.ts";
import { codecs, sha256 } from "./codec.ts";
import { type ContentIndex, readContentIndex } from "./content-index.ts";
import { damaged } from "./damaged.ts";
import { chunkSize } from "./layer-index.ts";
import type { StoredLayer } from "./stored-layer.ts";

/** A layer's archive, whole, with the blocks that end it. */
export async function* archiveOf(layer: StoredLayer): AsyncGenerator<Buffer> {
  yield* rawRange(layer, 0, layer.index.bytes);
  yield endOfArchive;
}

/** Bytes of a layer's archive from `start` up to `end`. @throws StackError `damaged-layer` */
export async function* rawRange(layer: StoredLayer, start: number, end: number): AsyncGenerator<Buffer> {
  const { path, format, listed } = await anyContent(layer);
  const file = await open(path, "r").catch((error: unknown) => {
    throw damaged(layer.folder, path, error);
  });
  try {
    let offset = 0;
    for (const [number, chunk] of listed.chunks.entries()) {
      const from = number * chunkSize;
      if (from >= end) return;
      if (from + chunkSize > start) {
        const bytes = Buffer.allocUnsafe(chunk.bytes);
        const { bytesRead } = await file.read(bytes, 0, chunk.bytes, offset);
        if (bytesRead !== chunk.bytes || sha256(bytes) !== chunk.sha256) throw damaged(layer.folder, `chunk ${number}`);
        const raw = await codecs[format].decompress(bytes);
        yield raw.subarray(Math.max(0, start - from), Math.min(raw.length, end - from));
      }
      offset += chunk.bytes;
    }
  } finally {
    await file.close();
  }
}

/** A layer's archive, to be read here and there. */
export interface RawReader {
  /** Bytes of the archive from `start` up to `end`. @throws StackError `damaged-layer` */
  range(start: number, end: number): AsyncGenerator<Buffer>;
  close(): Promise<void>;
}

/** Opens a layer's archive: what is read in its order decompresses each chunk at most once, and no other. */
export async function openRaw(layer: StoredLayer): Promise<RawReader> {
  const { path, format, listed } = await anyContent(layer);
  const file = await open(path, "r").catch((error: unknown) => {
    throw damaged(layer.folder, path, error);
  });
  const offsets: number[] = [];
  let end = 0;
  for (const { bytes } of listed.chunks) {
    offsets.push(end);
    end += bytes;
  }
  let last: { readonly number: number; readonly raw: Buffer } | undefined;
  const chunkOf = async (number: number): Promise<Buffer> => {
    if (last?.number === number) return last.raw;
    const chunk = listed.chunks[number];
    if (chunk === undefined) throw damaged(layer.folder, `chunk ${number}`);
    const bytes = Buffer.allocUnsafe(chunk.bytes);
    const { bytesRead } = await file.read(bytes, 0, chunk.bytes, offsets[number] ?? 0);
    if (bytesRead !== chunk.bytes || sha256(bytes) !== chunk.sha256) throw damaged(layer.folder, `chunk ${number}`);
    const raw = await codecs[format].decompress(bytes);
    last = { number, raw };
    return raw;
  };
  return {
    async *range(start, end) {
      for (let number = Math.floor(start / chunkSize); number * chunkSize < end; number++) {
        const from = number * chunkSize;
        const raw = await chunkOf(number);
        yield raw.subarray(Math.max(0, start - from), Math.min(raw.length, end - from));
      }
    },
    close: () => file.close(),
  };
}

async function anyContent(
  layer: StoredLayer,
): Promise<{ readonly path: string; readonly format: Format; readonly listed: ContentIndex }> {
  const names = await readdir(layer.folder).catch((error: unknown) => {
    throw damaged(layer.folder, "the folder", error);
  });
  // zstd is read several times as fast.
  for (const format of ["zst", "gz"] as const) {
    for (const name of names) {
      if (!name.startsWith(`content-${format}-`) || /\.(json|tmp)$/.test(name)) continue;
      const path = join(layer.folder, name);
      const listed = await readContentIndex(layer, path);
      if (listed !== undefined) return { path, format, listed };
    }
  }
  throw damaged(layer.folder, "its content");
}
