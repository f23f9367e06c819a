/** The cache, used by several processes, killed ones and on disks that refuse. */
import { type ChildProcess, spawn } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, utimesSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import t from "tap";
import { openContent } from "../../../builder/cache/content.ts";
import { entryName } from "../../../builder/cache/entry-name.ts";
import { listCache } from "../../../builder/cache/list-cache.ts";
import { pruneCache } from "../../../builder/cache/prune-cache.ts";
import { archiveOf } from "../../../builder/cache/raw.ts";
import { storeLayer } from "../../../builder/cache/store-layer.ts";
import { openLayer, type StoredLayer } from "../../../builder/cache/stored-layer.ts";
import { archive, content, flowing, gathered } from "./archives.ts";
import type { ChildTask } from "./child.ts";

const root = process.getuid?.() === 0;
const here = mkdtempSync(join(tmpdir(), "shared-"));
chmodSync(here, 0o755);
t.teardown(() => rmSync(here, { recursive: true, force: true }));
const { signal } = new AbortController();
const key = (digit: string): string => digit.repeat(64);
const large = 5_000_000;

function child(task: ChildTask, within: readonly string[] = []): ChildProcess {
  const script = join(import.meta.dirname, "child.ts");
  const [command = "", ...args] = [...within, process.execPath, script, JSON.stringify(task)];
  return spawn(command, args, { stdio: ["ignore", "pipe", "inherit"] });
}

/** What a child printed when it has ended. */
async function ended(process: ChildProcess): Promise<{ code?: string; hint?: string; message?: string }> {
  let text = "";
  process.stdout?.setEncoding("utf8").on("data", (part: string) => (text += part));
  await new Promise((resolve) => process.once("close", resolve));
  return JSON.parse(text) as { code?: string };
}

async function open(folder: string, digit: string): Promise<StoredLayer | undefined> {
  return openLayer(folder, "one", key(digit), () => {});
}

async function store(cache: string, digit: string, bytes: number): Promise<void> {
  const made = archive([{ name: "./file", bytes: content(bytes, 1) }]);
  const layer = { name: "one", key: key(digit), archive: flowing(made), started: 0 };
  await storeLayer(join(cache, "layers"), layer, "zst", signal);
}

t.test("of processes that store one layer at once, one whole entry is left", async (t) => {
  const folder = join(here, "at-once");
  const results = await Promise.all([1, 2, 3].map(() => ended(child({ folder, key: key("a"), bytes: large }))));
  t.same(results, [{}, {}, {}], "and each is content");
  t.same(readdirSync(folder), [entryName("one", key("a"))]);
  const layer = await open(folder, "a");
  if (layer === undefined) return t.fail("it is there");
  const bytes = await gathered(archiveOf(layer));
  t.ok(bytes.equals(archive([{ name: "./file", bytes: content(large, 1) }])));
});

t.test("what a killed process left is never found, and goes when it is old", async (t) => {
  const cache = join(here, "killed");
  const folder = join(cache, "layers");
  const process = child({ folder, key: key("b"), bytes: large, hang: true });
  await new Promise((resolve) => process.stdout?.once("data", resolve));
  const closed = new Promise((resolve) => process.once("close", resolve));
  process.kill("SIGKILL");
  await closed;
  const [left = ""] = readdirSync(folder);
  t.match(left, /^\.new-/);
  t.equal(await open(folder, "b"), undefined);
  t.match(await listCache(cache), [{ name: "unfinished", entries: 0 }]);
  await store(cache, "b", 1000);
  t.ok(await open(folder, "b"), "the layer can be stored");
  t.same(await pruneCache(cache, { limit: 2 ** 40 }), [], "another build may be at it");
  const old = Date.now() / 1000 - 7 * 3600;
  utimesSync(join(folder, left), old, old);
  t.match(await pruneCache(cache, { limit: 2 ** 40 }), [{ name: "unfinished" }]);
  t.same(readdirSync(folder), [entryName("one", key("b"))]);
});

t.test("pruning takes what was used longest ago until the rest fits, and what is kept never", async (t) => {
  const cache = join(here, "pruned");
  for (const [age, digit] of ["1", "2", "3", "4"].entries()) {
    await store(cache, digit, 400_000);
    const used = Date.now() / 1000 - 3600 * (age + 1);
    utimesSync(join(cache, "layers", entryName("one", key(digit)), "layer.json"), used, used);
  }
  const keys = async (): Promise<(string | undefined)[]> => (await listCache(cache)).map((entry) => entry.key[0]);
  t.same(await keys(), ["1", "2", "3", "4"], "last used first");
  const [{ bytes = 0 } = {}] = await listCache(cache);
  const all = bytes * 4;
  const oldest = join(cache, "layers", entryName("one", key("4")));
  const dry = await pruneCache(cache, { limit: all - bytes / 2, dry: true });
  t.same([dry.map((one) => one.key[0]), await keys()], [["4"], ["1", "2", "3", "4"]], "a dry run takes nothing");
  await open(join(cache, "layers"), "3");
  t.same(await keys(), ["3", "1", "2", "4"], "to open is to use");
  await pruneCache(cache, { limit: bytes * 2.5, keep: [oldest] });
  t.same(await keys(), ["3", "4"]);
  await pruneCache(cache, { limit: 0, keep: [oldest] });
  t.same(await keys(), ["4"]);
  await pruneCache(cache, { limit: 0 });
  t.same(readdirSync(join(cache, "layers")), []);
  t.same(await pruneCache(join(here, "no-such-cache"), { limit: 0 }), []);
});

t.test("a layer that is pruned while it is read gives the right bytes or tells", async (t) => {
  const cache = join(here, "read");
  await store(cache, "c", large);
  const layer = await open(join(cache, "layers"), "c");
  if (layer === undefined) return t.fail("it is there");
  const content = await openContent(layer, "zst", signal);
  const reading = archiveOf(layer);
  const parts = [Buffer.from((await reading.next()).value ?? "")];
  await pruneCache(cache, { limit: 0 });
  for await (const part of reading) parts.push(Buffer.from(part));
  t.equal(Buffer.concat(parts).length, layer.index.bytes + 1024, "what has begun ends well");
  t.equal((await content.chunk(1)).raw, layer.index.chunks[1]);
  await content.close();
  await t.rejects(gathered(archiveOf(layer)), { code: "damaged-layer" });
  await t.rejects(openContent(layer, "gz", signal), { code: "damaged-layer" });
});

t.test("a full disk is told, and nothing is left of the layer", { skip: root ? false : "needs root" }, async (t) => {
  const folder = join(here, "full");
  mkdirSync(folder);
  const script = 'mount -t tmpfs -o size=2m tmpfs "$1" && shift && "$@" && [ -z "$(ls -A "$0")" ]';
  const within = ["unshare", "--mount", "sh", "-c", script, join(folder, "layers"), folder];
  const process = child({ folder: join(folder, "layers"), key: key("d"), bytes: large }, within);
  const result = await ended(process);
  t.equal(result.code, "cache-full");
  t.match(result.hint, /cache prune|XDG_CACHE_HOME/);
  t.equal(process.exitCode, 0, "the cache is empty");
});

t.test("a disk that is read only is told", { skip: root ? false : "needs root" }, async (t) => {
  const cache = join(here, "read-only");
  await store(cache, "e", 1000);
  const script = 'mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" && exec "$@"';
  const folder = join(cache, "layers");
  const { code, hint } = await ended(
    child({ folder, key: key("f"), bytes: 1000 }, ["unshare", "--mount", "sh", "-c", script, cache]),
  );
  t.equal(code, "cache-forbidden");
  t.match(hint, /XDG_CACHE_HOME/);
});

t.test("a cache that root has made is told to a user", { skip: root ? false : "needs root" }, async (t) => {
  const cache = join(here, "roots");
  await store(cache, "e", 1000);
  const { code, hint } = await ended(child({ folder: join(cache, "layers"), key: key("f"), bytes: 1000, uid: 65_534 }));
  t.equal(code, "cache-forbidden");
  t.match(hint, /chown/);
  t.same(readdirSync(join(cache, "layers")), [entryName("one", key("e"))]);
  t.ok(statSync(join(cache, "layers", entryName("one", key("e")), "layer.json")).isFile());
});
