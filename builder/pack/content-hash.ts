import { createHash } from "node:crypto";
import { endOfArchive, merge, type Segment } from "../archive/merge.ts";
import { sha256 } from "../cache/codec.ts";
import { rawRange } from "../cache/raw.ts";
import type { StoredLayer } from "../cache/stored-layer.ts";
import { pieces } from "./pieces.ts";

/**
 * The hash of its content that a template of these layers has, without packing it.
 *
 * @throws StackError `damaged-layer`
 */
export async function contentHash(
  layers: readonly StoredLayer[],
  { mtime, front }: { readonly mtime: number; readonly front: readonly string[] },
): Promise<string> {
  const byName = new Map(layers.map((layer) => [layer.index.name, layer]));
  const lists = layers.map(({ index, members }) => ({ name: index.name, members }));
  const hash = createHash("sha256");
  for (const { layer: name, segments } of merge(lists, mtime, front)) {
    const layer = byName.get(name);
    if (layer === undefined) continue;
    for (const piece of pieces(segments, layer.index.bytes)) {
      hash.update(
        piece.kind === "chunk" ? (layer.index.chunks[piece.number] ?? "") : await rawHash(layer, piece.segments),
      );
    }
  }
  return hash.update(sha256(endOfArchive)).digest("hex");
}

async function rawHash(layer: StoredLayer, segments: readonly Segment[]): Promise<string> {
  const hash = createHash("sha256");
  for (const one of segments) {
    if ("bytes" in one) hash.update(one.bytes);
    else for await (const bytes of rawRange(layer, one.start, one.end)) hash.update(bytes);
  }
  return hash.digest("hex");
}
