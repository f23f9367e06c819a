import { createHash, randomBytes } from "node:crypto";
import { open, readdir, readFile, rename, rm, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as z from "zod/mini";
import { isErrno, StackError } from "../../lib/error.ts";
import { readTextIfAny } from "../../lib/files.ts";
import type { Log } from "../../lib/log.ts";
import type { Format } from "../context.ts";
import { endOfArchive, type Segment } from "../pack/merge.ts";
import type { Member } from "../pack/scan.ts";
import { codecs, sha256 } from "./codec.ts";
import {
  type ContentIndex,
  chunkSize,
  contentIndex,
  type LayerIndex,
  layerIndex,
  membersFromLines,
} from "./layer-index.ts";
import { entryName, writeContent } from "./store-layer.ts";

/** A layer of the cache. Whatever is read of it has been compared with its digest. */
export interface StoredLayer {
  readonly folder: string;
  readonly index: LayerIndex;
  readonly members: readonly Member[];
}

/** A stretch of the template, compressed. */
export interface Compressed {
  readonly bytes: Buffer;
  /** sha256 of it uncompressed. */
  readonly raw: string;
}

/**
 * Looks a layer up and changes nothing.
 *
 * @param folder of the layers
 * @throws for a damaged entry
 */
export async function readLayer(folder: string, name: string, key: string): Promise<StoredLayer | undefined> {
  const entry = join(folder, entryName(name, key));
  const text = await readTextIfAny(join(entry, "layer.json"));
  if (text === undefined) return undefined;
  const index = layerIndex.parse(JSON.parse(text));
  if (index.key !== key || index.name !== name) throw damaged(entry, "another layer's index");
  const list = await readFile(join(entry, "members.jsonl"), "utf8");
  if (sha256(list) !== index.members) throw damaged(entry, "members.jsonl");
  return { folder: entry, index, members: membersFromLines(list) };
}

/**
 * Finds a layer for use. A damaged entry is told, removed and counts as none.
 *
 * @param folder of the layers
 */
export async function openLayer(folder: string, name: string, key: string, log: Log): Promise<StoredLayer | undefined> {
  const entry = join(folder, entryName(name, key));
  try {
    const layer = await readLayer(folder, name, key);
    if (layer === undefined) return undefined;
    const now = new Date();
    // What was used last is pruned last. A cache on a read-only file system serves too.
    await utimes(join(entry, "layer.json"), now, now).catch(() => {});
    return layer;
  } catch (error) {
    if (isErrno(error, "EACCES", "EIO")) throw error;
    log("warning", `the cached layer ${name} is damaged and will be built again: ${entry}`);
    await dropLayer(entry);
    return undefined;
  }
}

/** Removes an entry: first its index, so that it is never found half removed. */
export async function dropLayer(entry: string): Promise<void> {
  await rm(join(entry, "layer.json"), { force: true });
  await rm(entry, { recursive: true, force: true });
}

/** A layer's content in one format, made of the other where it was kept in that only. */
export interface Content {
  /** Chunk of that number; its bytes are good until the next call. @throws StackError `damaged-layer` */
  chunk(number: number): Promise<Compressed>;
  /**
   * Other bytes of the same stretch: what is left of chunks of which higher layers replace a
   * part. Kept too, as long as the layer is.
   */
  variant(segments: readonly Segment[]): Promise<Compressed>;
  close(): Promise<void>;
}

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
  const buffer = Buffer.allocUnsafe(Math.max(0, ...listed.chunks.map(({ bytes }) => bytes)));
  return {
    async chunk(number) {
      const chunk = listed.chunks[number];
      const raw = index.chunks[number];
      if (chunk === undefined || raw === undefined) throw damaged(folder, `chunk ${number}`);
      const bytes = buffer.subarray(0, chunk.bytes);
      const { bytesRead } = await file.read(bytes, 0, chunk.bytes, offsets[number] ?? 0);
      if (bytesRead !== chunk.bytes || sha256(bytes) !== chunk.sha256) throw damaged(folder, `chunk ${number}`);
      return { bytes, raw };
    },
    async variant(segments) {
      const hash = createHash("sha256");
      for (const one of segments) hash.update("bytes" in one ? one.bytes : `${one.start}-${one.end};`);
      const name = join(folder, `variant-${codec.id}-${hash.digest("hex").slice(0, 32)}`);
      const kept = await readVariant(name);
      if (kept !== undefined) return kept;
      const parts: Buffer[] = [];
      for (const one of segments) {
        if ("bytes" in one) parts.push(one.bytes);
        else for await (const bytes of rawRange(layer, one.start, one.end)) parts.push(bytes);
      }
      const raw = Buffer.concat(parts);
      const made = { bytes: await codec.compress(raw), raw: sha256(raw) };
      await keepVariant(name, made);
      return made;
    },
    close: () => file.close(),
  };
}

/** A layer's archive, whole, with the blocks that end it. */
export async function* archiveOf(layer: StoredLayer): AsyncGenerator<Buffer> {
  yield* rawRange(layer, 0, layer.index.bytes);
  yield endOfArchive;
}

/** Bytes of a layer's archive from `start` up to `end`. @throws StackError `damaged-layer` */
export async function* rawRange(layer: StoredLayer, start: number, end: number): AsyncGenerator<Buffer> {
  const { path, format, listed } = await anyContent(layer);
  const file = await open(path, "r");
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

async function anyContent(
  layer: StoredLayer,
): Promise<{ readonly path: string; readonly format: Format; readonly listed: ContentIndex }> {
  const names = await readdir(layer.folder).catch((error: unknown) => {
    throw damaged(layer.folder, "the folder", error);
  });
  // zstd is read several times as fast.
  for (const format of ["zst", "gz"] as const) {
    for (const name of names) {
      if (!name.startsWith(`content-${format}-`) || name.endsWith(".json")) continue;
      const path = join(layer.folder, name);
      const listed = await readContentIndex(layer, path);
      if (listed !== undefined) return { path, format, listed };
    }
  }
  throw damaged(layer.folder, "its content");
}

async function readContentIndex(layer: StoredLayer, path: string): Promise<ContentIndex | undefined> {
  const text = await readTextIfAny(`${path}.json`);
  if (text === undefined) return undefined;
  try {
    const listed = contentIndex.parse(JSON.parse(text));
    if (listed.chunks.length === layer.index.chunks.length) return listed;
  } catch (error) {
    throw damaged(layer.folder, `${path}.json`, error);
  }
  throw damaged(layer.folder, `${path}.json`);
}

async function transcode(layer: StoredLayer, format: Format, path: string, signal: AbortSignal): Promise<ContentIndex> {
  const temporary = `${path}.${randomBytes(4).toString("hex")}.tmp`;
  try {
    const listed = await writeContent(temporary, format, async (push) => {
      for await (const bytes of rawRange(layer, 0, layer.index.bytes)) {
        signal.throwIfAborted();
        await push(bytes);
      }
    });
    await rename(temporary, path);
    await writeFile(`${temporary}.json`, JSON.stringify(listed));
    await rename(`${temporary}.json`, `${path}.json`);
    return listed;
  } finally {
    await rm(temporary, { force: true });
    await rm(`${temporary}.json`, { force: true });
  }
}

const variantIndex = z.strictObject({ bytes: z.string(), raw: z.string() });

/** A variant that isn't whole, or not what its digest says, counts as none and is made again. */
async function readVariant(path: string): Promise<Compressed | undefined> {
  try {
    const index = variantIndex.parse(JSON.parse(await readFile(`${path}.json`, "utf8")));
    const bytes = await readFile(path);
    return sha256(bytes) === index.bytes ? { bytes, raw: index.raw } : undefined;
  } catch {
    return undefined;
  }
}

async function keepVariant(path: string, { bytes, raw }: Compressed): Promise<void> {
  const temporary = `${path}.${randomBytes(4).toString("hex")}.tmp`;
  try {
    await writeFile(temporary, bytes);
    await rename(temporary, path);
    await writeFile(`${temporary}.json`, JSON.stringify({ bytes: sha256(bytes), raw }));
    await rename(`${temporary}.json`, `${path}.json`);
  } catch (error) {
    // A full disk or a cache that may only be read costs time, not the build.
    if (!isErrno(error, "ENOSPC", "EROFS", "EACCES", "ENOENT")) throw error;
  } finally {
    await rm(temporary, { force: true });
    await rm(`${temporary}.json`, { force: true });
  }
}

function damaged(folder: string, what: string, cause?: unknown): StackError {
  return new StackError("damaged-layer", `a cached layer is damaged: ${what} in ${folder}`, {
    hint: "build again; `build-template cache prune --all` empties the cache",
    detail: [folder],
    ...(cause === undefined ? {} : { cause }),
  });
}
