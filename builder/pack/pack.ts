import { createHash } from "node:crypto";
import { open, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { isErrno, StackError } from "../../lib/error.ts";
import { endOfArchive, merge } from "../archive/merge.ts";
import { type Compressed, codecs, sha256 } from "../cache/codec.ts";
import { type Content, openContent } from "../cache/content.ts";
import type { StoredLayer } from "../cache/stored-layer.ts";
import type { Format } from "../context.ts";
import { pieces } from "./pieces.ts";

export interface PackedTemplate {
  readonly path: string;
  readonly file: string;
  readonly bytes: number;
  /** Of the compressed file, hex. */
  readonly sha256: string;
  /** Of the content, however it is compressed, hex: what the template's name carries the first 8 of. */
  readonly contentSha256: string;
  /** Entries each layer gives to the template. */
  readonly entries: Readonly<Record<string, number>>;
}

export interface PackOptions {
  /** The lowest first. */
  readonly layers: readonly StoredLayer[];
  readonly out: string;
  readonly format: Format;
  /** The template's file name, once its content's hash is known. */
  readonly name: (contentSha256: string) => string;
  readonly mtime: number;
  /** Members that come first, see `merge`. */
  readonly front: readonly string[];
  readonly signal: AbortSignal;
}

/**
 * Writes the template: the layers over each other. It is a row of gzip members or zstd
 * frames; what no higher layer touches is copied out of the cache as it is. Only the last
 * holds end-of-archive blocks: in an earlier one they would hide all that follows.
 * The file gets its name when it is whole.
 *
 * @throws StackError `damaged-layer`, its `detail` the entry's folder; `no-space`
 */
export async function pack(options: PackOptions): Promise<PackedTemplate> {
  const { layers, out, format, mtime, front, signal } = options;
  const byName = new Map(layers.map((layer) => [layer.index.name, layer]));
  const slices = merge(
    layers.map(({ index, members }) => ({ name: index.name, members })),
    mtime,
    front,
  );
  const temporary = join(out, `.template-${process.pid}.tmp`);
  const whole = createHash("sha256");
  const content = createHash("sha256");
  const entries: Record<string, number> = {};
  const contents = new Map<string, Content>();
  let bytes = 0;
  const file = await open(temporary, "w", 0o644);
  try {
    // The next piece is read while one is written.
    let ahead: Promise<Compressed> | undefined;
    const append = async (next: Promise<Compressed> | undefined): Promise<void> => {
      // Looked at by the next call; without this, one that fails meanwhile would be called unhandled.
      next?.catch(() => {});
      const made = await ahead;
      ahead = next;
      if (made === undefined) return;
      whole.update(made.bytes);
      content.update(made.raw);
      bytes += made.bytes.length;
      await file.writeFile(made.bytes);
    };
    for (const slice of slices) {
      const layer = byName.get(slice.layer);
      if (layer === undefined) continue;
      const kept = contents.get(slice.layer) ?? (await openContent(layer, format, signal));
      contents.set(slice.layer, kept);
      entries[slice.layer] = (entries[slice.layer] ?? 0) + slice.entries;
      for (const piece of pieces(slice.segments, layer.index.bytes)) {
        signal.throwIfAborted();
        await append(piece.kind === "chunk" ? kept.chunk(piece.number) : kept.variant(piece.segments));
      }
    }
    await append(compressedEnd(format));
    await append(undefined);
    await file.sync();
    const contentSha256 = content.digest("hex");
    const name = options.name(contentSha256);
    const path = join(out, name);
    await rename(temporary, path);
    return { path, file: name, bytes, sha256: whole.digest("hex"), contentSha256, entries };
  } catch (error) {
    if (!isErrno(error, "ENOSPC", "EDQUOT")) throw error;
    throw new StackError("no-space", `no space is left for the template in ${out}`, {
      cause: error,
      hint: "make room, or choose another folder: build-template --out /path/with/space",
    });
  } finally {
    await file.close();
    for (const kept of contents.values()) await kept.close();
    await rm(temporary, { force: true });
  }
}

async function compressedEnd(format: Format): Promise<Compressed> {
  return { bytes: await codecs[format].compress(endOfArchive), raw: sha256(endOfArchive) };
}
