import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import t from "tap";
import { scan } from "../../../builder/archive/scan.ts";
import { codecs, sha256 } from "../../../builder/cache/codec.ts";
import { openContent } from "../../../builder/cache/content.ts";
import { layerKey } from "../../../builder/cache/layer-key.ts";
import { archiveOf, rawRange } from "../../../builder/cache/raw.ts";
import { storeLayer } from "../../../builder/cache/store-layer.ts";
import { openLayer, type StoredLayer } from "../../../builder/cache/stored-layer.ts";
import { archive, content, type File, flowing, gathered, random, wholeChunk } from "./archives.ts";

const here = mkdtempSync(join(tmpdir(), "store-"));
t.teardown(() => rmSync(here, { recursive: true, force: true }));
const { signal } = new AbortController();

const next = random(3);
const many = (count: number, most: number): File[] =>
  Array.from({ length: count }, (_, index) => ({ name: `./f${index}`, bytes: content(next(most), index) }));

/** What lies in a layer → its files. */
const archives: Readonly<Record<string, readonly File[]>> = {
  "nothing at all": [],
  "an empty file": [{ name: "./empty", bytes: Buffer.alloc(0) }],
  "a file larger than a chunk": [{ name: "./large", bytes: content(5_000_001, 1) }],
  "files that end exactly with a chunk": [
    { name: "./one", bytes: content(wholeChunk, 2) },
    { name: "./two", bytes: content(wholeChunk, 3) },
  ],
  "a header that begins a chunk's last block": [
    { name: "./one", bytes: content(wholeChunk - 512, 4) },
    { name: "./two", bytes: content(700, 5) },
  ],
  "many small files": many(1500, 6000),
  "files of any size": many(12, 900_000),
};

async function stored(name: string, bytes: Buffer, format: "gz" | "zst"): Promise<StoredLayer> {
  const key = layerKey(name, { format });
  await storeLayer(
    here,
    { name, key, archive: flowing(bytes), started: 0, facts: async () => ({ a: 1 }) },
    format,
    signal,
  );
  const layer = await openLayer(here, name, key, () => {});
  if (layer === undefined) throw new Error("it is not there");
  return layer;
}

for (const [what, files] of Object.entries(archives)) {
  t.test(`a layer comes out of the cache as it went in: ${what}`, async (t) => {
    const bytes = archive(files);
    const inside = bytes.subarray(0, bytes.length - 1024);
    for (const [number, format] of (["gz", "zst"] as const).entries()) {
      const layer = await stored(`${Object.keys(archives).indexOf(what)}-${number}`, bytes, format);
      t.ok((await gathered(archiveOf(layer))).equals(bytes), `the archive, kept as ${format}`);
      t.same(layer.members, await scan(flowing(bytes), "it"), "its members");
      t.same([layer.index.bytes, layer.index.entries, layer.index.facts], [inside.length, files.length, { a: 1 }]);
      for (let round = 0; round < 8; round++) {
        const [start = 0, end = 0] = [next(inside.length + 1), next(inside.length + 1)].sort((a, b) => a - b);
        t.ok((await gathered(rawRange(layer, start, end))).equals(inside.subarray(start, end)), `${start} to ${end}`);
      }
      for (const wanted of ["gz", "zst"] as const) {
        const opened = await openContent(layer, wanted, signal);
        const raw: Buffer[] = [];
        for (const [number, digest] of layer.index.chunks.entries()) {
          const chunk = await opened.chunk(number);
          raw.push(await codecs[wanted].decompress(Buffer.from(chunk.bytes)));
          t.equal(chunk.raw, digest);
          t.equal(sha256(raw.at(-1) ?? ""), digest);
        }
        await opened.close();
        t.ok(Buffer.concat(raw).equals(inside), `kept as ${format}, taken as ${wanted}`);
      }
      const again = await stored(`${Object.keys(archives).indexOf(what)}-${number}`, bytes, format);
      t.ok((await gathered(archiveOf(again))).equals(bytes), "stored once more, it is still the same");
    }
  });
}

t.test("the same chunks are kept whichever format an archive was kept in first", async (t) => {
  const bytes = archive(many(3, 2_000_000));
  const digests: string[][] = [];
  for (const format of ["gz", "zst"] as const) {
    const layer = await stored(`first-${format}`, bytes, format);
    const opened = await openContent(layer, "gz", signal);
    const made: string[] = [];
    for (const number of layer.index.chunks.keys()) made.push(sha256((await opened.chunk(number)).bytes));
    await opened.close();
    digests.push(made);
  }
  t.same(digests[0], digests[1]);
});

t.test("an archive that is cut off, or whose making fails, leaves nothing", async (t) => {
  const bytes = archive(many(3, 1_500_000));
  const folder = join(here, "failing");
  const store = (stream: AsyncIterable<Buffer>): Promise<void> =>
    storeLayer(folder, { name: "bad", key: "0".repeat(64), archive: stream, started: 0 }, "zst", signal);
  async function* breaking(): AsyncGenerator<Buffer> {
    yield bytes.subarray(0, 3_000_000);
    throw new Error("tar was killed");
  }
  await t.rejects(store(flowing(bytes.subarray(0, bytes.length - 2000))), { code: "bad-archive" });
  await t.rejects(store(breaking()), { message: "tar was killed" });
  t.same(readdirSync(folder), []);
});
