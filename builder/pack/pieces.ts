import type { Segment } from "../archive/merge.ts";
import { chunkSize } from "../cache/layer-index.ts";

/** What a slice is made of: chunks of its layer as they are, and stretches made of what is left of others. */
export type Piece =
  | { readonly kind: "chunk"; readonly number: number }
  | { readonly kind: "variant"; readonly segments: readonly Segment[] };

/**
 * Cuts a slice where its layer's chunks end, so that every chunk that is in it whole can be
 * taken as it lies in the cache, and no stretch is made of more than one other.
 *
 * @param length of the layer's archive, bytes
 */
export function pieces(segments: readonly Segment[], length: number): Piece[] {
  const result: Piece[] = [];
  let open: Segment[] = [];
  /** Of which chunk `open` holds a part. */
  let within: number | undefined;
  const close = (): void => {
    if (open.length > 0) result.push({ kind: "variant", segments: open });
    open = [];
    within = undefined;
  };
  for (const segment of segments) {
    if ("bytes" in segment) {
      open.push(segment);
      continue;
    }
    let { start } = segment;
    while (start < segment.end) {
      const number = Math.floor(start / chunkSize);
      const chunkEnd = Math.min((number + 1) * chunkSize, length);
      const end = Math.min(chunkEnd, segment.end);
      if (start === number * chunkSize && end === chunkEnd) {
        close();
        result.push({ kind: "chunk", number });
      } else {
        if (within !== undefined && within !== number) close();
        within = number;
        open.push({ start, end });
      }
      start = end;
    }
  }
  close();
  return result;
}
