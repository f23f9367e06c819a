/** Packing, judged by GNU tar: layers extracted over each other against the packed template. */
import { execFileSync } from "node:child_process";
import {
  appendFileSync,
  chmodSync,
  chownSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import t from "tap";
import { layerKey } from "../../../builder/cache/layer-key.ts";
import { archiveOf } from "../../../builder/cache/raw.ts";
import { storeLayer } from "../../../builder/cache/store-layer.ts";
import { openLayer, type StoredLayer } from "../../../builder/cache/stored-layer.ts";
import type { Format } from "../../../builder/context.ts";
import { archiveFlags } from "../../../builder/layers/base/archive-flags.ts";
import { contentHash } from "../../../builder/pack/content-hash.ts";
import { type PackedTemplate, pack } from "../../../builder/pack/pack.ts";
import { differences, treeListing } from "../../tree-listing.ts";
import { content, flowing, gathered } from "../cache/archives.ts";

const root = process.getuid?.() === 0;
const here = mkdtempSync(join(tmpdir(), "pack-"));
t.teardown(() => rmSync(here, { recursive: true, force: true }));
const { signal } = new AbortController();
const epoch = 1_735_689_600;

/** Makes a tree and keeps it as a layer, archived as the builder archives. */
async function layer(name: string, build: (folder: Folder) => void, format: Format = "gz"): Promise<StoredLayer> {
  const folder = join(here, "trees", name);
  mkdirSync(folder, { recursive: true });
  build(folderOf(folder));
  const flags = archiveFlags(epoch);
  const archive = execFileSync("tar", [...flags, "-C", folder, "."], {
    maxBuffer: 2 ** 30,
    stdio: ["ignore", "pipe", "ignore"],
  });
  const key = layerKey(name, { format });
  const folderOfLayers = join(here, "layers");
  await storeLayer(folderOfLayers, { name, key, archive: flowing(archive), started: 0 }, format, signal);
  const stored = await openLayer(folderOfLayers, name, key, () => {});
  if (stored === undefined) throw new Error("it is not there");
  return stored;
}

type Folder = ReturnType<typeof folderOf>;

function folderOf(top: string) {
  const at = (path: string): string => {
    mkdirSync(dirname(join(top, path)), { recursive: true });
    return join(top, path);
  };
  const attribute = (path: string, key: string, hex: string): void => {
    const script =
      "import os,sys; os.setxattr(sys.argv[1], sys.argv[2], bytes.fromhex(sys.argv[3]), follow_symlinks=False)";
    execFileSync("python3", ["-c", script, at(path), key, hex]);
  };
  return {
    file: (path: string, bytes: Buffer | string, mode = 0o644) => {
      writeFileSync(at(path), bytes);
      chmodSync(at(path), mode);
      utimesSync(at(path), epoch - 86_400, epoch - 86_400);
    },
    folder: (path: string, mode: number) => {
      mkdirSync(at(path), { recursive: true });
      chmodSync(at(path), mode);
    },
    link: (path: string, target: string) => symlinkSync(target, at(path)),
    hardlink: (path: string, first: string) => linkSync(at(first), at(path)),
    owner: (path: string, uid: number, gid: number, mode: number) => {
      chownSync(at(path), uid, gid);
      chmodSync(at(path), mode);
    },
    attribute,
    /** cap_net_raw=ep */
    capability: (path: string) => attribute(path, "security.capability", "0100000200200000000000000000000000000000"),
    /** Beside owner, group and others: user 1000 may read. */
    acl: (path: string, which: "access" | "default") =>
      attribute(
        path,
        `system.posix_acl_${which}`,
        "02000000" +
          "01000600ffffffff" +
          "02000400e8030000" +
          "04000400ffffffff" +
          "10000400ffffffff" +
          "20000000ffffffff",
      ),
  };
}

async function packed(
  layers: readonly StoredLayer[],
  format: Format,
  front: readonly string[] = [],
): Promise<PackedTemplate> {
  const out = mkdtempSync(join(here, "out-"));
  return pack({
    layers,
    out,
    format,
    name: (hash) => `t-${hash.slice(0, 8)}.tar.${format}`,
    mtime: epoch,
    front,
    signal,
  });
}

const flags = ["--numeric-owner", "-p", "--acls", "--xattrs", "--xattrs-include=*"];

function emptyFolder(): string {
  const folder = mkdtempSync(join(here, "tree-"));
  chmodSync(folder, 0o755);
  return folder;
}

function extracted(archive: string, ...more: string[]): string {
  const folder = emptyFolder();
  execFileSync("tar", ["-xf", archive, ...flags, ...more, "-C", folder], { stdio: "pipe" });
  return folder;
}

/** The layers one after the other, each over what is there. */
async function laidOver(layers: readonly StoredLayer[]): Promise<string> {
  const folder = emptyFolder();
  for (const one of layers) {
    const input = await gathered(archiveOf(one));
    execFileSync("tar", ["-x", ...flags, "-C", folder], { input, stdio: ["pipe", "pipe", "pipe"] });
  }
  return folder;
}

/** As `pct create` extracts. */
const pct = ["--skip-old-files", "--anchored", "--exclude", "./dev/*"];

async function proveSame(
  t: { same: typeof import("tap").default.same },
  layers: readonly StoredLayer[],
  front: readonly string[] = [],
) {
  const expected = await treeListing(await laidOver(layers));
  for (const format of ["gz", "zst"] as const) {
    const { path } = await packed(layers, format, front);
    t.same(differences(expected, await treeListing(extracted(path, ...pct))), [], format);
  }
}

t.test("what is packed is what the layers are, laid over each other: contents, modes, links, times", async (t) => {
  const low = await layer("low1", (d) => {
    d.file("usr/bin/su", "setuid", 0o4755);
    d.file("usr/bin/wall", "setgid", 0o2755);
    d.folder("tmp", 0o1777);
    d.folder("var/lib/closed", 0o700);
    d.file("var/lib/closed/in it", "1");
    for (let number = 0; number < 30; number++) d.file(`usr/lib/x${number}`, content(300_000, number));
    d.hardlink("usr/lib/y0", "usr/lib/x0");
    d.hardlink("usr/share/far", "usr/lib/x29");
    d.hardlink("usr/share/farther", "usr/lib/x29");
    d.link("lib", "usr/lib");
    d.link("usr/broken", "/nowhere");
    d.file(`usr/${"long/".repeat(50)}name`, "long");
    d.file("usr/ünïcödé", "ü");
    d.file("usr/empty", "");
  });
  const high = await layer("high1", (d) => {
    d.file("usr/lib/x0", "the first name of a hard link, replaced");
    d.file("usr/lib/x15", content(2_500_000, 99));
    d.file("usr/share/farther", "a later name, replaced");
    d.folder("var/lib/closed", 0o750);
    d.file("etc/front", "in front");
    d.link("usr/lib/x3", "x4");
    d.file("usr/broken", "no link any more");
  });
  const top = await layer("top1", (d) => {
    d.file("usr/lib/x15", "replaced once more");
    d.folder("new/folder", 0o751);
  });
  await proveSame(t, [low, high, top], ["./etc/front"]);
  await proveSame(t, [low]);
});

t.test(
  "owners, capabilities, attributes and ACLs pass, those of files that go with a hard link too",
  { skip: root ? false : "needs root" },
  async (t) => {
    const low = await layer("low2", (d) => {
      d.file("usr/bin/ping", content(1_500_000, 1), 0o755);
      d.capability("usr/bin/ping");
      d.file("usr/bin/traced", content(1_500_000, 2), 0o755);
      d.capability("usr/bin/traced");
      d.attribute("usr/bin/traced", "user.note", "6162");
      d.hardlink("usr/bin/other", "usr/bin/traced");
      d.hardlink("usr/bin/another", "usr/bin/traced");
      d.folder("var/log/journal", 0o2755);
      d.owner("var/log/journal", 0, 101, 0o2755);
      d.acl("var/log/journal", "access");
      d.acl("var/log/journal", "default");
      d.file("var/log/one", "1", 0o640);
      d.acl("var/log/one", "access");
      d.owner("usr/bin", 0, 50, 0o2775);
      d.file("home/file", "1");
      d.owner("home/file", 65_534, 65_534, 0o600);
    });
    const high = await layer("high2", (d) => {
      d.file("usr/bin/another", "replaced: the first name of the linked file");
      d.file("usr/bin/ping2", "x", 0o755);
      d.capability("usr/bin/ping2");
      d.folder("var/log/journal", 0o2755);
      d.owner("var/log/journal", 0, 102, 0o2750);
      d.acl("var/log/journal", "access");
      d.acl("var/log/journal", "default");
      d.owner("usr/bin", 0, 50, 0o2775);
    });
    await proveSame(t, [low, high]);
    const listing = (await treeListing(extracted((await packed([low, high], "zst")).path))).join("\n");
    for (const attribute of ["security.capability", "user.note", "posix_acl_access", "posix_acl_default"]) {
      t.ok(listing.includes(attribute), `${attribute} is there to be compared`);
    }
  },
);

t.test(
  "a higher layer's edit costs the compression of what it touches, the rest is as it lies in the cache",
  async (t) => {
    const low = await layer("low3", (d) => {
      for (let number = 0; number < 40; number++) d.file(`usr/lib/f${number + 10}`, content(400_000, number));
    });
    const one = await layer("one3", (d) => d.file("usr/lib/f30", "edited"));
    const two = await layer("two3", (d) => d.file("usr/lib/f30", "edited again"));
    const variants = (): string[] => readdirSync(low.folder).filter((name) => /^variant-.*[0-9a-f]{32}$/.test(name));
    const first = await packed([low, one], "gz");
    const made = variants();
    t.ok(made.length >= 1 && made.length <= 2, `${made.length} of ${low.index.chunks.length} chunks are made anew`);
    const times = made.map((name) => statSync(join(low.folder, name)).mtimeMs);
    const second = await packed([low, two], "gz");
    t.same(variants(), made, "and none for another text of the same file");
    t.same(
      made.map((name) => statSync(join(low.folder, name)).mtimeMs),
      times,
      "they are taken as they lie",
    );
    t.not(first.sha256, second.sha256);
    t.equal((await packed([low, one], "gz")).sha256, first.sha256);
  },
);

t.test("the bytes are the same whatever format the layers were kept in, and the name in both formats", async (t) => {
  const build = (d: Folder): void => {
    for (let number = 0; number < 9; number++) d.file(`usr/lib/f${number}`, content(700_000, number));
  };
  const replace = (d: Folder): void => d.file("usr/lib/f5", "new");
  const made: Record<Format, PackedTemplate[]> = { gz: [], zst: [] };
  for (const kept of ["gz", "zst"] as const) {
    const layers = [await layer("low4", build, kept), await layer("high4", replace, kept)];
    for (const format of ["gz", "zst"] as const) made[format].push(await packed(layers, format));
  }
  for (const [format, [one, other]] of Object.entries(made)) t.equal(one?.sha256, other?.sha256, format);
  const names = [...made.gz, ...made.zst].map(({ file }) => file.replace(/\.tar\..*/, ""));
  t.equal(new Set(names).size, 1);
  const layers = [await layer("low4", () => {}, "zst"), await layer("high4", () => {}, "zst")];
  t.equal(await contentHash(layers, { mtime: epoch, front: [] }), made.gz[0]?.contentSha256, "known without packing");
});

t.test("its size and digests are the file's, and a refused template leaves nothing", async (t) => {
  const one = await layer("low5", (d) => d.file("a/b", content(10_000, 1)));
  const result = await packed([one], "gz");
  t.equal(statSync(result.path).size, result.bytes);
  t.match(execFileSync("sha256sum", [result.path], { encoding: "utf8" }), new RegExp(`^${result.sha256} `));
  t.equal(basename(result.path), `t-${result.contentSha256.slice(0, 8)}.tar.gz`);
  const names = readdirSync(one.folder).filter((name) => name.startsWith("content-gz"));
  const file = join(one.folder, names.find((name) => !name.endsWith(".json")) ?? "");
  writeFileSync(file, readFileSync(file).subarray(1));
  appendFileSync(file, "x");
  const out = mkdtempSync(join(here, "out-"));
  const again = pack({ layers: [one], out, format: "gz", name: () => "never", mtime: epoch, front: [], signal });
  await t.rejects(again, { code: "damaged-layer", detail: [one.folder] });
  t.same(readdirSync(out), []);
});

t.test("a full disk is told, and nothing is left of the template", { skip: root ? false : "needs root" }, async (t) => {
  const one = await layer("low6", (d) => d.file("a", content(6_000_000, 1)));
  const out = mkdtempSync(join(here, "full-"));
  const script = 'mount -t tmpfs -o size=1m tmpfs "$0" && "$@" && [ -z "$(ls -A "$0")" ]';
  const child = [
    process.execPath,
    join(import.meta.dirname, "pack-child.ts"),
    JSON.stringify({ name: "low6", key: one.index.key, folder: dirname(one.folder), out }),
  ];
  const stdout = execFileSync("unshare", ["--mount", "sh", "-c", script, out, ...child], { encoding: "utf8" });
  t.match(JSON.parse(stdout), { code: "no-space", hint: /--out/ });
});
