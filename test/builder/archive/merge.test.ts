import { execFileSync } from "node:child_process";
import {
  chmodSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import t from "tap";
import { archiveOfEntries } from "../../../builder/archive/archive-of-entries.ts";
import { endOfArchive, type Layer as Listed, merge } from "../../../builder/archive/merge.ts";
import { normalise } from "../../../builder/archive/read-archive.ts";
import { type Member, scan as scanArchive } from "../../../builder/archive/scan.ts";

const here = mkdtempSync(join(tmpdir(), "merge-"));

type Made = string | { link: string } | { hard: string } | { folder: true; mode?: number };
type Tree = Readonly<Record<string, Made>>;
const root = process.getuid?.() === 0;

interface Layer extends Listed {
  readonly path: string;
}

/** In pieces of odd sizes, as a pipe would bring them. */
async function* piecesOf(archive: Buffer): AsyncGenerator<Buffer> {
  for (let at = 0, size = 1; at < archive.length; at += size, size = (size * 7 + 3) % 4099) {
    yield archive.subarray(at, at + size);
  }
}

async function scan(path: string): Promise<Member[]> {
  const archive = readFileSync(path);
  const kept: Buffer[] = [];
  const members = await scanArchive(piecesOf(archive), path, async (bytes) => void kept.push(Buffer.from(bytes)));
  const whole = Buffer.concat(kept);
  if (!archive.subarray(0, whole.length).equals(whole) || whole.length !== (members.at(-1)?.end ?? 0)) {
    throw new Error("the scan gave other bytes than it was given");
  }
  return members;
}

/** Makes a real tree and has GNU tar archive it as the builder does. */
async function layer(name: string, tree: Tree, format = "posix"): Promise<Layer> {
  const folder = join(here, "trees", name);
  for (const [path, made] of Object.entries(tree)) {
    const at = join(folder, path);
    mkdirSync(dirname(at), { recursive: true });
    if (typeof made === "string") writeFileSync(at, made);
    else if ("link" in made) symlinkSync(made.link, at);
    else if ("hard" in made) linkSync(join(folder, made.hard), at);
    else {
      mkdirSync(at, { recursive: true });
      chmodSync(at, made.mode ?? 0o755);
    }
  }
  const path = join(here, `${name}.tar`);
  execFileSync("tar", [
    ...["--create", "--file", path, "--sort=name", "--numeric-owner", `--format=${format}`],
    ...(format === "posix" ? ["--xattrs", "--xattrs-include=*"] : []),
    ...["--mtime=@1700000000", "-C", folder, "."],
  ]);
  return { name, path, members: await scan(path) };
}

const front = ["./front/first"];

async function merged(...layers: Layer[]): Promise<string> {
  const path = join(here, `merged-${layers.map((one) => one.name).join("-")}.tar`);
  const chunks: Buffer[] = [];
  const archives = new Map(layers.map(({ name, path }) => [name, readFileSync(path)]));
  for (const { layer, segments } of merge(layers, 1_700_000_000, front)) {
    for (const one of segments) {
      chunks.push("bytes" in one ? one.bytes : (archives.get(layer) ?? Buffer.alloc(0)).subarray(one.start, one.end));
    }
  }
  writeFileSync(path, Buffer.concat([...chunks, endOfArchive]));
  return path;
}

function names(archive: string): string[] {
  return execFileSync("tar", ["--list", "--file", archive], { encoding: "utf8" }).trim().split("\n");
}

function extract(archive: string): string {
  const folder = `${archive}.d`;
  mkdirSync(folder, { recursive: true });
  const flags = ["--skip-old-files", "--xattrs", "--xattrs-include=*", "--numeric-owner", "-p"];
  execFileSync("tar", ["--extract", "--file", archive, ...flags, "-C", folder], { stdio: "pipe" });
  return folder;
}

t.teardown(() => rmSync(here, { recursive: true, force: true }));

t.test("what a higher layer has wins, and every name comes once, beginning with ./", async (t) => {
  const base = await layer("base1", { "etc/a": "low", "etc/b": "kept", "usr/bin/x": "x", bin: { link: "usr/bin" } });
  const over = await layer("over1", { "etc/a": "high", "opt/new/file": "new" });
  const archive = await merged(base, over);
  const all = names(archive);
  t.equal(new Set(all.map(normalise)).size, all.length);
  t.ok(all.every((name) => name.startsWith("./")));
  const folder = extract(archive);
  t.equal(readFileSync(join(folder, "etc/a"), "utf8"), "high");
  t.equal(readFileSync(join(folder, "etc/b"), "utf8"), "kept");
  t.equal(readFileSync(join(folder, "opt/new/file"), "utf8"), "new");
  t.equal(readFileSync(join(folder, "bin/x"), "utf8"), "x");
});

t.test("a folder takes its mode from the highest layer and still comes before its content", async (t) => {
  const base = await layer("base2", { "etc/redis": { folder: true }, "etc/redis/packaged": "1" });
  const over = await layer("over2", { "etc/redis": { folder: true, mode: 0o750 }, "etc/redis/ours": "2" });
  const archive = await merged(base, over);
  const all = names(archive);
  t.ok(all.indexOf("./etc/redis/") < all.indexOf("./etc/redis/packaged"));
  t.match(execFileSync("tar", ["-tvf", archive], { encoding: "utf8" }), /drwxr-x--- .* \.\/etc\/redis\/$/m);
});

t.test("what belongs in front comes first, its folders before it with their modes", async (t) => {
  const base = await layer("base8", { "front/second": "2", "a/b": "", front: { folder: true, mode: 0o710 } });
  const over = await layer("over8", { "front/first": "1", front: { folder: true, mode: 0o710 } });
  const archive = await merged(base, over);
  const all = names(archive);
  t.same(all.slice(0, 3), ["./", "./front/", "./front/first"]);
  t.equal(new Set(all).size, all.length);
  t.equal(statSync(join(extract(archive), "front")).mode & 0o7777, 0o710);
});

t.test("what belongs in front has folders that no layer has, too", async (t) => {
  const archive = await merged(await layer("base9", { "a/b": "" }), await layer("over9", { "front/first": "1" }));
  const all = names(archive);
  const place = all.indexOf("./front/");
  t.ok(place !== -1 && place < 2);
  t.equal(all[place + 1], "./front/first");
  t.equal(statSync(join(extract(archive), "front")).mode & 0o7777, 0o755);
});

t.test("a folder may become a file and a file a folder", async (t) => {
  const base = await layer("base3", { "a/b/c": "below", "a/z": "z", d: "was a file" });
  const over = await layer("over3", { "a/b": { link: "/dev/null" }, "d/e": "in it" });
  const archive = await merged(base, over);
  t.notOk(names(archive).includes("./a/b/c"));
  const folder = extract(archive);
  t.equal(readFileSync(join(folder, "d/e"), "utf8"), "in it");
  t.equal(readFileSync(join(folder, "a/z"), "utf8"), "z");
});

t.test("hard links stay links; where their first name is replaced they keep the old content", async (t) => {
  const base = await layer("base4", { "bin/a": "shared", "bin/b": { hard: "bin/a" }, "bin/c": { hard: "bin/a" } });
  const over = await layer("over4", { "bin/a": "replaced" });
  const folder = extract(await merged(base, over));
  t.equal(readFileSync(join(folder, "bin/a"), "utf8"), "replaced");
  t.equal(readFileSync(join(folder, "bin/b"), "utf8"), "shared");
  t.equal(readFileSync(join(folder, "bin/c"), "utf8"), "shared");
  const links = execFileSync("stat", ["-c", "%h", join(folder, "bin/b")], { encoding: "utf8" });
  t.equal(links.trim(), "2");
});

for (const format of ["posix", "gnu"]) {
  t.test(`names and link targets of any length pass (${format})`, async (t) => {
    const long = `${"d".repeat(90)}/${"e".repeat(90)}/${"ü".repeat(60)}`;
    const base = await layer(
      `base5${format}`,
      { [long]: "deep", l: { link: `${"t".repeat(150)}` }, [`${long}2`]: { hard: long } },
      format,
    );
    const over = await layer(`over5${format}`, { [long]: "deeper" }, format);
    const folder = extract(await merged(base, over));
    t.equal(readFileSync(join(folder, long), "utf8"), "deeper");
    t.equal(readFileSync(join(folder, `${long}2`), "utf8"), "deep");
  });
}

t.test("extended attributes and capabilities pass", { skip: root ? false : "needs root" }, async (t) => {
  const base = await layer("base6", { "bin/ping": "binary", "bin/other": "x" });
  const tree = join(dirname(base.path), "trees", "base6", "bin/ping");
  execFileSync("python3", [
    "-c",
    `import os,sys; os.setxattr(sys.argv[1], "security.capability", bytes.fromhex("0100000200200000000000000000000000000000"))`,
    tree,
  ]);
  const again = await layer("base6", {});
  const folder = extract(await merged(again, await layer("over6", { "bin/other": "y" })));
  const read = `import os,sys; print(os.getxattr(sys.argv[1], "security.capability").hex())`;
  const value = execFileSync("python3", ["-c", read, join(folder, "bin/ping")], { encoding: "utf8" });
  t.equal(value.trim(), "0100000200200000000000000000000000000000");
});

t.test("random trees laid over each other give what copying them over each other gives", async (t) => {
  let seed = 7;
  const next = (n: number): number => {
    seed = (seed * 1103515245 + 12345) % 2147483648;
    return seed % n;
  };
  for (let round = 0; round < 12; round++) {
    const layers = [0, 1, 2].map((index) => {
      const tree: Record<string, Made> = {};
      for (let count = 0; count < 30; count++) {
        tree[`d${next(3)}/d${next(3)}/f${next(8)}`] = "x".repeat(next(3) * 700) + index;
      }
      return { tree, layer: layer(`r${round}-${index}`, tree) };
    });
    const expected = Object.assign({}, ...layers.map(({ tree }) => tree)) as Record<string, string>;
    const archive = await merged(...(await Promise.all(layers.map((one) => one.layer))));
    const folder = extract(archive);
    for (const [path, text] of Object.entries(expected)) t.equal(readFileSync(join(folder, path), "utf8"), text);
    const files = names(archive).filter((name) => !name.endsWith("/"));
    t.equal(files.length, Object.keys(expected).length);
  }
});

t.test("a member below a link of another layer is refused, not written through it", async (t) => {
  const base = await layer("base7", { "usr/lib/x": "1", lib: { link: "usr/lib" } });
  const path = join(here, "over7.tar");
  const content = { kind: "text", text: "2" } as const;
  const bytes: Buffer[] = [];
  for await (const part of archiveOfEntries([{ path: "/lib/y", mode: 0o644, content }], 0)) bytes.push(part);
  writeFileSync(path, Buffer.concat(bytes));
  const over: Layer = { name: "over7", path, members: await scan(path) };
  t.throws(() => merge([base, over], 0), { code: "through-link" });
});

t.test("an archive that is cut short is refused, and what brings it is told to stop", async (t) => {
  const { path } = await layer("cut", { "etc/a": "a".repeat(5000), "etc/b": "b" });
  const whole = readFileSync(path);
  const members = await scan(path);
  const within = (members.at(1)?.content ?? 0) + 100;
  for (const length of [within, members.at(1)?.start ?? 0, (members.at(1)?.start ?? 0) + 100]) {
    await t.rejects(scanArchive(piecesOf(whole.subarray(0, length)), "it"), { code: "bad-archive", message: /^it: / });
  }
  let stopped = false;
  const endless = async function* (): AsyncGenerator<Buffer> {
    try {
      yield* piecesOf(whole.subarray(0, members.at(-1)?.end));
      for (;;) yield Buffer.alloc(512, "x");
    } finally {
      stopped = true;
    }
  };
  await t.rejects(scanArchive(endless(), "it"), { code: "bad-archive" });
  t.equal(stopped, true);
});

t.test("device nodes and owners beyond 65535 are refused", { skip: root ? false : "needs root" }, async (t) => {
  const folder = join(here, "special");
  mkdirSync(folder, { recursive: true });
  const pack = (...flags: string[]): string => {
    const path = join(here, "special.tar");
    execFileSync("tar", ["-cf", path, ...flags, "-C", folder, "."]);
    return path;
  };
  writeFileSync(join(folder, "f"), "");
  await t.rejects(scan(pack("--owner=:65536")), { code: "id-out-of-range" });
  await t.rejects(scan(pack("--owner=:3000000000", "--format=gnu")), { code: "id-out-of-range" });
  execFileSync("mknod", [join(folder, "null"), "c", "1", "3"]);
  await t.rejects(scan(pack()), { code: "device-node" });
});
