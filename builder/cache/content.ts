import { randomBytes } from "node:crypto";
import { open, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { isErrno } from "../../lib/error.ts";
import type { Segment } from "../archive/merge.ts";
import type { Format } from "../context.ts";
import { type Compressed, codecs, sha256InPool } from "./codec.ts";
import { archiveDigest, type ContentIndex, readContentIndex } from "./content-index.ts";
import { damaged } from "./damaged.ts";
import { explainDisk } from "./explain-disk.ts";
import { rawRange } from "./raw.ts";
import { seal } from "./seal.ts";
import type { StoredLayer } from "./stored-layer.ts";
import { variantOf } from "./variant-of.ts";
import { writeContent } from "./write-content.ts";

/** A layer's content in one format, made of the other where it was kept in that only. */
export interface Content {
  /** Chunk of that number; its bytes are good until the call after the next. @throws StackError `damaged-layer` */
  chunk(number: number): Promise<Compressed>;
  /**
   * Other bytes of the same stretch: what is left of chunks of which higher layers replace a
   * part. Kept too, as long as the layer is.
   */
  variant(segments: readonly Segment[]): Promise<Compressed>;
  close(): Promise<void>;
}

/** @throws StackError `damaged-layer`; `cache-full`, `cache-forbidden` where another format is to be kept */
export async function openContent(layer: StoredLayer, format: Format, signal: AbortSignal): Promise<Content> {
  const { folder, index } = layer;
  const codec = codecs[format];
  const path = join(folder, `content-${codec.id}`);
  const listed = (await readContentIndex(layer, path)) ?? (await transcode(layer, format, path, signal));
  const offsets: number[] = [];
  let offset = 0;
  for (const { bytes } of listed.chunks) {
    offsets.push(offset);
    offset += bytes;
  }
  const file = await open(path, "r").catch((error: unknown) => {
    throw damaged(folder, path, error);
  });
  const largest = Math.max(0, ...listed.chunks.map(({ bytes }) => bytes));
  let buffer = Buffer.allocUnsafe(largest);
  let other = Buffer.allocUnsafe(largest);
  return {
    async chunk(number) {
      const chunk = listed.chunks[number];
      const raw = index.chunks[number];
      if (chunk === undefined || raw === undefined) throw damaged(folder, `chunk ${number}`);
      [buffer, other] = [other, buffer];
      const bytes = buffer.subarray(0, chunk.bytes);
      const { bytesRead } = await file.read(bytes, 0, chunk.bytes, offsets[number] ?? 0);
      if (bytesRead !== chunk.bytes || (await sha256InPool(bytes)) !== chunk.sha256)
        throw damaged(folder, `chunk ${number}`);
      return { bytes, raw };
    },
    variant: (segments) => variantOf(layer, format, segments),
    close: () => file.close(),
  };
}

/** Two builds may do so at once: they write the same bytes. */
async function transcode(layer: StoredLayer, format: Format, path: string, signal: AbortSignal): Promise<ContentIndex> {
  const temporary = `${path}.${randomBytes(4).toString("hex")}.tmp`;
  try {
    const chunks = await writeContent(temporary, format, async (push) => {
      for await (const bytes of rawRange(layer, 0, layer.index.bytes)) {
        signal.throwIfAborted();
        await push(bytes);
      }
    });
    const listed = { archive: archiveDigest(layer.index.chunks), chunks };
    await rename(temporary, path);
    await writeFile(`${temporary}.json`, seal(listed));
    await rename(`${temporary}.json`, `${path}.json`);
    return listed;
  } catch (error) {
    // Another process has removed the layer meanwhile.
    if (isErrno(error, "ENOENT")) throw damaged(layer.folder, path, error);
    return explainDisk(error, dirname(layer.folder));
  } finally {
    await rm(temporary, { force: true });
    await rm(`${temporary}.json`, { force: true });
  }
}
