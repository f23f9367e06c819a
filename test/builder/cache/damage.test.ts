import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import t from "tap";
import { endOfArchive } from "../../../builder/archive/merge.ts";
import { codecs } from "../../../builder/cache/codec.ts";
import { openContent } from "../../../builder/cache/content.ts";
import { entryName } from "../../../builder/cache/entry-name.ts";
import { archiveOf } from "../../../builder/cache/raw.ts";
import { storeLayer } from "../../../builder/cache/store-layer.ts";
import { openLayer, type StoredLayer } from "../../../builder/cache/stored-layer.ts";
import type { Format } from "../../../builder/context.ts";
import { pack } from "../../../builder/pack/pack.ts";
import { isStackError } from "../../../lib/error.ts";
import { archive, content, flowing, gathered } from "./archives.ts";

const here = mkdtempSync(join(tmpdir(), "damage-"));
t.teardown(() => rmSync(here, { recursive: true, force: true }));
const { signal } = new AbortController();
const key = (digit: string): string => digit.repeat(64);

/** Two layers of as many chunks and members, one of which replaces a part of either. */
async function fill(folder: string): Promise<void> {
  const files = (seed: number) => [
    { name: "./a", bytes: content(1_000_000, seed) },
    { name: "./b", bytes: content(1_300_000, seed + 1) },
    { name: "./c", bytes: content(2_000_000 + 1000 * seed, seed + 2) },
  ];
  const store = (name: string, digit: string, bytes: Buffer): Promise<void> =>
    storeLayer(folder, { name, key: key(digit), archive: flowing(bytes), started: 0 }, "zst", signal);
  await store("low", "1", archive(files(10)));
  await store("low", "2", archive(files(20)));
  await store("high", "3", archive([{ name: "./b", bytes: content(5000, 30) }]));
  for (const digit of ["1", "2"]) for (const format of ["zst", "gz"] as const) await packed(folder, digit, format);
}

async function found(folder: string, name: string, digit: string): Promise<StoredLayer> {
  const layer = await openLayer(folder, name, key(digit), () => {});
  if (layer === undefined) throw new Missing();
  return layer;
}
class Missing extends Error {}

let counter = 0;

/** What a build would take of the cache: the template's bytes, and the layer's archive. */
async function packed(folder: string, digit: string, format: Format): Promise<Buffer> {
  const out = join(here, `out-${counter++}`);
  mkdirSync(out);
  try {
    const layers = [await found(folder, "low", digit), await found(folder, "high", "3")];
    const { path } = await pack({ layers, out, format, name: () => "template", mtime: 0, front: [], signal });
    return readFileSync(path);
  } finally {
    rmSync(out, { recursive: true });
  }
}

const pristine = join(here, "pristine");
await fill(pristine);
const good: Readonly<Record<Format, Buffer>> = {
  gz: await packed(pristine, "1", "gz"),
  zst: await packed(pristine, "1", "zst"),
};
const raw = await gathered(archiveOf(await found(pristine, "low", "1")));
const entry = entryName("low", key("1"));
const other = entryName("low", key("2"));
const variant = readdirSync(join(pristine, entry)).find((name) => /^variant-gz.*[0-9a-f]{32}$/.test(name)) ?? "";
const files = readdirSync(join(pristine, entry))
  .filter((name) => !name.startsWith("variant-") || name.startsWith(variant))
  .sort();

async function everyChunk(folder: string): Promise<Buffer> {
  const layer = await found(folder, "low", "1");
  const opened = await openContent(layer, "gz", signal);
  const parts: Buffer[] = [];
  try {
    for (const number of layer.index.chunks.keys()) {
      parts.push(await codecs.gz.decompress(Buffer.from((await opened.chunk(number)).bytes)));
    }
  } finally {
    await opened.close();
  }
  return Buffer.concat([...parts, endOfArchive]);
}

type Outcome = "told" | "right" | "wrong";

/** Reads the layer in every way there is. */
async function readAll(folder: string): Promise<Outcome[]> {
  const attempt = async (read: () => Promise<Buffer>, right: Buffer): Promise<Outcome> => {
    try {
      return (await read()).equals(right) ? "right" : "wrong";
    } catch (error) {
      if (error instanceof Missing || (isStackError(error) && error.code === "damaged-layer")) return "told";
      throw error;
    }
  };
  return [
    await attempt(() => packed(folder, "1", "gz"), good.gz),
    await attempt(() => packed(folder, "1", "zst"), good.zst),
    await attempt(async () => gathered(archiveOf(await found(folder, "low", "1"))), raw),
    await attempt(() => everyChunk(folder), raw),
  ];
}

const flip =
  (where: number) =>
  (bytes: Buffer): Buffer => {
    const damaged = Buffer.from(bytes);
    const at = Math.floor((bytes.length - 1) * where);
    damaged[at] = (damaged[at] ?? 0) ^ 1;
    return damaged;
  };

const damages: Readonly<Record<string, (bytes: Buffer, others: Buffer) => Buffer | undefined>> = {
  "its first byte flipped": flip(0),
  "a byte in its middle flipped": flip(0.5),
  "a byte near its end flipped": flip(0.93),
  "its last byte flipped": flip(1),
  "cut off": (bytes) => bytes.subarray(0, bytes.length - 1),
  empty: () => Buffer.alloc(0),
  gone: () => undefined,
  "another layer's": (_, others) => others,
};

for (const file of files) {
  t.test(`damage of ${file.replace(/[0-9a-f]{32}/, "*")} is told, or what it hit is made again`, async (t) => {
    const twins = readdirSync(join(pristine, other)).filter((name) => name.length === file.length);
    const twin = twins.find((name) => name.slice(0, 12) === file.slice(0, 12) && name.endsWith(file.slice(-5)));
    for (const [what, damage] of Object.entries(damages)) {
      const folder = join(here, "damaged");
      cpSync(pristine, folder, { recursive: true });
      const path = join(folder, entry, file);
      const made = damage(readFileSync(path), readFileSync(join(pristine, other, twin ?? "")));
      if (made === undefined) rmSync(path);
      else writeFileSync(path, made);
      const outcomes = await readAll(folder);
      t.notOk(outcomes.includes("wrong"), `${what}: no wrong bytes`);
      if (!file.startsWith("variant-")) {
        const optional = what === "gone" && file.startsWith("content-");
        if (!optional) t.ok(outcomes.includes("told"), `${what}: told`);
      } else {
        t.same(outcomes, ["right", "right", "right", "right"], `${what}: made again`);
        t.ok(readFileSync(path).equals(readFileSync(join(pristine, entry, file))), "and kept");
      }
      rmSync(folder, { recursive: true });
    }
  });
}

t.test("a content of another layer is told, though it is whole, and so is another layer's entry", async (t) => {
  const folder = join(here, "swapped");
  for (const format of ["gz", "zst"]) {
    cpSync(pristine, folder, { recursive: true });
    for (const name of files.filter((one) => one.startsWith(`content-${format}`))) {
      cpSync(join(pristine, other, name), join(folder, entry, name));
    }
    const outcomes = await readAll(folder);
    t.notOk(outcomes.includes("wrong"));
    t.ok(outcomes.includes("told"));
    rmSync(folder, { recursive: true });
  }
  cpSync(pristine, folder, { recursive: true });
  rmSync(join(folder, entry), { recursive: true });
  renameSync(join(folder, other), join(folder, entry));
  t.same(await readAll(folder), ["told", "told", "told", "told"]);
});

t.test("a damaged entry is told, and removed so that it is built again", async (t) => {
  const folder = join(here, "removed");
  cpSync(pristine, folder, { recursive: true });
  writeFileSync(join(folder, entry, "members.jsonl"), "");
  const lines: string[] = [];
  const log = (level: string, line: string): void => void lines.push(`${level}: ${line}`);
  t.equal(await openLayer(folder, "low", key("1"), log), undefined);
  t.match(lines, [/^warning: the cached layer low is damaged and will be built again/]);
  t.notOk(readdirSync(folder).includes(entry));
  await storeLayer(folder, { name: "low", key: key("1"), archive: flowing(raw), started: 0 }, "gz", signal);
  t.ok((await gathered(archiveOf(await found(folder, "low", "1")))).equals(raw));
});

t.test("what a killed removal left does not stand in the way of a new entry", async (t) => {
  const folder = join(here, "half");
  cpSync(pristine, folder, { recursive: true });
  rmSync(join(folder, entry, "layer.json"));
  t.equal(await openLayer(folder, "low", key("1"), () => {}), undefined);
  await storeLayer(folder, { name: "low", key: key("1"), archive: flowing(raw), started: 0 }, "zst", signal);
  t.ok((await gathered(archiveOf(await found(folder, "low", "1")))).equals(raw));
});
