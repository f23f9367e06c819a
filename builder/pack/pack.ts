import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { rename, rm, stat } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Format } from "../context.ts";
import { filterToFile } from "../pipe.ts";
import { bytesOf, endOfArchive, type Layer, merge, type Slice } from "./merge.ts";

export interface PackedTemplate {
  readonly path: string;
  readonly file: string;
  readonly bytes: number;
  /** Of the compressed file, hex. */
  readonly sha256: string;
  /** Of the uncompressed archive, hex: what the template's name carries the first 8 of. */
  readonly contentSha256: string;
  /** Entries each layer gives to the template. */
  readonly entries: Readonly<Record<string, number>>;
}

export interface PackOptions {
  readonly layers: readonly Layer[];
  readonly out: string;
  readonly format: Format;
  /** The template's file name, once its content's hash is known. */
  readonly name: (contentSha256: string) => string;
  readonly mtime: number;
  readonly signal: AbortSignal;
}

/**
 * pigz's and zstd's output must not depend on the number of cores: with one thread pigz
 * writes other bytes than with two, and zstd without -T too.
 */
const compressors: Readonly<Record<Format, () => readonly string[]>> = {
  gz: () => ["pigz", "-6", "--no-name", "--processes", String(Math.max(2, availableParallelism()))],
  zst: () => ["zstd", "-9", "--quiet", "--threads=0"],
};

/**
 * Writes the template: the layers over each other, one compressed member a layer, only the
 * last with end-of-archive blocks (in an earlier one they would hide all that follows).
 * The file gets its name when it is whole.
 */
export async function pack(options: PackOptions): Promise<PackedTemplate> {
  const { layers, out, format, mtime, signal } = options;
  const slices = merge(layers, mtime);
  const temporary = join(out, `.template-${process.pid}.tmp`);
  const content = createHash("sha256");
  try {
    for (const [index, slice] of slices.entries()) {
      const bytes = hashed(slice, index === slices.length - 1, content, signal);
      await filterToFile(Readable.from(bytes, { objectMode: false }), compressors[format](), temporary, signal);
    }
    const contentSha256 = content.digest("hex");
    const file = options.name(contentSha256);
    const sha256 = await fileSha256(temporary, signal);
    const { size } = await stat(temporary);
    const path = join(out, file);
    await rename(temporary, path);
    const entries = Object.fromEntries(slices.map((slice) => [slice.layer, slice.entries]));
    return { path, file, bytes: size, sha256, contentSha256, entries };
  } finally {
    await rm(temporary, { force: true });
  }
}

async function* hashed(
  slice: Slice,
  last: boolean,
  hash: ReturnType<typeof createHash>,
  signal: AbortSignal,
): AsyncGenerator<Buffer> {
  for await (const chunk of bytesOf(slice, signal)) {
    hash.update(chunk);
    yield chunk;
  }
  if (!last) return;
  hash.update(endOfArchive);
  yield endOfArchive;
}

async function fileSha256(path: string, signal: AbortSignal): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(path, { highWaterMark: 1024 * 1024 }), hash, { signal });
  return hash.digest("hex");
}
