import t from "tap";
import type { Segment } from "../../../builder/archive/merge.ts";
import { chunkSize } from "../../../builder/cache/layer-index.ts";
import { type Piece, pieces } from "../../../builder/pack/pieces.ts";
import { random } from "../cache/archives.ts";

/** Segments as `merge` gives them, with all that may be: gaps, borders hit and missed, bytes made between. */
function segmentsOf(length: number, seed: number): Segment[] {
  const next = random(seed);
  const segments: Segment[] = [];
  const border = (at: number): number => Math.min(length, Math.ceil((at + 1) / chunkSize) * chunkSize);
  for (let at = next(3) * 512; at < length; ) {
    const end = Math.min(
      length,
      [at + (1 + next(900)) * 512, border(at), length, at + chunkSize * 2][next(4)] ?? length,
    );
    segments.push({ start: at, end });
    if (next(3) === 0) segments.push({ bytes: Buffer.alloc(512 * (1 + next(4)), segments.length) });
    at = end + ([0, 512, 512 * next(9000)][next(3)] ?? 0);
  }
  return segments;
}

/** What segments and pieces stand for, as words that can be compared: one a block of 512 bytes. */
function blocks(segments: readonly Segment[]): string[] {
  return segments.flatMap((one) => {
    if ("bytes" in one) return [one.bytes.toString("hex")];
    return Array.from({ length: (one.end - one.start) / 512 }, (_, index) => `${one.start + index * 512}`);
  });
}

function blocksOf(all: readonly Piece[], length: number): string[] {
  return all.flatMap((piece) => {
    if (piece.kind === "variant") return blocks(piece.segments);
    const start = piece.number * chunkSize;
    return blocks([{ start, end: Math.min(length, start + chunkSize) }]);
  });
}

t.test(
  "whatever is left of a layer, its pieces are the same bytes, and every whole chunk is taken as it is",
  async (t) => {
    for (let seed = 1; seed <= 150; seed++) {
      const length = 512 * (1 + random(seed)(30_000));
      const segments = segmentsOf(length, seed);
      const made = pieces(segments, length);
      t.equal(blocksOf(made, length).join(), blocks(segments).join(), `bytes, ${seed}`);
      const whole = new Set(
        segments.flatMap((one) => {
          if ("bytes" in one) return [];
          const first = Math.ceil(one.start / chunkSize);
          const last = one.end === length ? Math.ceil(length / chunkSize) : Math.floor(one.end / chunkSize);
          return Array.from({ length: Math.max(0, last - first) }, (_, index) => first + index);
        }),
      );
      const taken = made.flatMap((piece) => (piece.kind === "chunk" ? [piece.number] : []));
      t.same(taken, [...whole], `whole chunks, ${seed}`);
    }
  },
);

t.test("what is left of a chunk is compressed apart from what is left of others", (t) => {
  const half = chunkSize / 2;
  const made = pieces(
    [0, 1, 2, 3].map((number) => ({ start: number * chunkSize, end: number * chunkSize + half })),
    4 * chunkSize,
  );
  t.equal(made.length, 4);
  t.end();
});

t.test("of nothing there are no pieces", (t) => {
  t.same(pieces([], 0), []);
  t.same(pieces([{ bytes: Buffer.alloc(512) }], 0), [{ kind: "variant", segments: [{ bytes: Buffer.alloc(512) }] }]);
  t.end();
});
