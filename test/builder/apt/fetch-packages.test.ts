/** What becomes of packages whose files a mirror hasn't, or not whole: from the resolution to the files. */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import t, { type Test } from "tap";
import { debianArchives } from "../../../builder/apt/debian-archives.ts";
import { fetchPackages } from "../../../builder/apt/fetch-packages.ts";
import { aptFolder, type Resolution, resolvePackages } from "../../../builder/apt/resolve-packages.ts";
import { run } from "../../../lib/run.ts";
import { debianMirror, type MirroredPackage } from "./debian-mirror.ts";

t.setTimeout(600_000);

const suite = "bookworm";
const { signal } = new AbortController();
const mirror = await debianMirror(suite, run);
t.teardown(() => mirror.close());

const system = ["apt", "base-files", "dpkg"].map((name): MirroredPackage => ({ name, version: "1", essential: true }));
/** Two packages of one source, which want each other exactly, and one that wants them. */
const erlang = (version: string): MirroredPackage[] => [
  { name: "base", version: `1:${version}`, source: "erlang" },
  { name: "crypto", version: `1:${version}`, source: "erlang", depends: `base (= 1:${version})` },
];
const server: MirroredPackage = { name: "server", version: "4.0+b1", depends: "crypto" };
const main = [...system, ...erlang("27"), server];

/** A machine that has never built; security has a newer Erlang than main. */
function place(t: Test, folder?: string) {
  const here = folder ?? mkdtempSync(join(tmpdir(), "fetch-"));
  if (folder === undefined) t.teardown(() => rmSync(here, { recursive: true, force: true }));
  mirror.heal();
  mirror.offer("main", main);
  mirror.offer("updates", [{ name: "unwanted", version: "1" }]);
  mirror.offer("security", erlang("27+deb12u1"));
  const told: string[] = [];
  const log = (level: string, message: string): void => void (level !== "debug" && told.push(`${level}: ${message}`));
  const record = join(here, "resolutions");
  const effects = { run: mirror.run, log, signal, waits: [1, 1] };
  let works = 0;
  const machine = (packages: readonly string[] = ["server"]) => {
    const question = { suite, architecture: "amd64", packages } as const;
    const work = join(here, `work-${works++}`);
    mkdirSync(work, { recursive: true });
    return {
      resolve: (dry = false) => resolvePackages({ ...question, folder: record, work, offline: false, dry, ...effects }),
      fetch: async (resolution: Resolution): Promise<string[]> => {
        const versions = Object.fromEntries(resolution.packages.map(({ name, version }) => [name, version]));
        const of = { archives: debianArchives(suite), architecture: "amd64", folder: aptFolder(work, question) };
        const { packages } = await fetchPackages({ ...of, versions, record, ...effects });
        return readdirSync(packages).filter((name) => name.endsWith(".deb"));
      },
    };
  };
  return { told, machine, record };
}

const version = (name: string, { packages }: Resolution): string | undefined =>
  packages.find((one) => one.name === name)?.version;

t.test("packages are downloaded under the names that apt knows them by", async (t) => {
  const { machine, told } = place(t);
  const { resolve, fetch } = machine();
  const resolution = await resolve();
  mirror.asked();
  t.same(await fetch(resolution), [
    "apt_1_amd64.deb",
    "base-files_1_amd64.deb",
    "base_1%3a27+deb12u1_amd64.deb",
    "crypto_1%3a27+deb12u1_amd64.deb",
    "dpkg_1_amd64.deb",
    "server_4.0+b1_amd64.deb",
  ]);
  t.notMatch(mirror.asked().join("\n"), "dists", "the lists that resolved them serve");
  t.same(told, []);
});

const broken = {
  "has not": { status: 404 },
  "breaks off in the middle of": { cut: 100 },
  "has garbled": { garbled: true },
  "has cut short": { short: 100 },
} as const;

for (const [what, fault] of Object.entries(broken)) {
  t.test(`a file that the archive ${what} for a moment is fetched a moment later`, async (t) => {
    const { machine, told } = place(t);
    const { resolve, fetch } = machine();
    const resolution = await resolve();
    mirror.fault(/crypto_/, fault, 1);
    t.equal((await fetch(resolution)).length, 6);
    t.match(told, [/^notice: crypto: .*tried again \(2 of 3\)$/]);
    t.equal(version("crypto", await machine().resolve()), "1:27+deb12u1");
  });

  t.test(
    `of a file that it ${what} for good, the newest version that can be had is taken, and that is said`,
    async (t) => {
      const { machine, told } = place(t);
      const first = machine();
      const resolution = await first.resolve();
      mirror.fault(/crypto_27(%2b|\+)deb12u1/, fault);
      await t.rejects(first.fetch(resolution), {
        code: "package-gone",
        message: "crypto 1:27+deb12u1: the archive names it, and its file can't be had",
        detail: [/http:\/\/security\.debian\.org\/debian-security\/pool\/crypto_27\S+deb12u1_amd64\.deb/],
        hint: /--offline/,
      });
      const second = await machine().resolve(true);
      t.equal(version("crypto", second), "1:27");
      t.equal(version("base", second), "1:27", "what it wants of the same source comes along");
      t.equal(version("server", second), "4.0+b1");
      t.match(second.without, [{ name: "crypto", version: "1:27+deb12u1" }]);
      t.match(told.at(-1), /^warning: crypto 1:27\+deb12u1 can't be had, .*crypto_27\S+ is missing: 1:27 is taken$/);
      const kept = machine();
      t.same(await kept.resolve(), second, "a look resolves as a build does");
      t.ok((await kept.fetch(second)).includes("crypto_1%3a27_amd64.deb"));

      mirror.asked();
      t.same(await machine().resolve(), second, "while nothing changes that stands");
      t.notMatch(mirror.asked().join("\n"), "Packages", "and costs no more than a look");

      mirror.heal();
      t.equal(version("crypto", await machine().resolve()), "1:27+deb12u1", "until the file is there");
    },
  );
}

t.test("another state of the archives is looked at anew", async (t) => {
  const { machine } = place(t);
  const first = machine();
  const resolution = await first.resolve();
  mirror.fault(/crypto_27(%2b|\+)deb12u1/, { status: 404 });
  await t.rejects(first.fetch(resolution), { code: "package-gone" });
  t.equal(version("crypto", await machine().resolve()), "1:27");
  mirror.offer("security", erlang("27+deb12u2"));
  t.equal(version("crypto", await machine().resolve()), "1:27+deb12u2");
});

t.test("where no other version will do, one error names package and file", async (t) => {
  const { machine } = place(t);
  const first = machine();
  const resolution = await first.resolve();
  mirror.fault(/server_/, { status: 404 });
  await t.rejects(first.fetch(resolution), { code: "package-gone" });
  await t.rejects(machine().resolve(), {
    code: "package-unavailable",
    message: "server 4.0+b1 can't be had, and no other version will do",
    detail: [/http:\/\/deb\.debian\.org\/debian\/pool\/server_4\.0\S+ is missing/],
    hint: /try again/,
  });
  mirror.heal();
  t.equal(version("server", await machine().resolve()), "4.0+b1");
});

t.test("where the index has moved on meanwhile, that is told: it wants a new resolution", async (t) => {
  const { machine } = place(t);
  const { resolve, fetch } = machine();
  const resolution = await resolve();
  mirror.offer("security", erlang("27+deb12u2"));
  mirror.fault(/deb12u1/, { status: 404 });
  await t.rejects(fetch(resolution), { code: "mirror-changed", message: /base, crypto$|crypto, base$/ });
  t.equal(version("crypto", await machine().resolve()), "1:27+deb12u2");
});

t.test("an archive that can't be reached holds nothing against its packages", async (t) => {
  const { machine } = place(t);
  const { resolve, fetch } = machine();
  const resolution = await resolve();
  mirror.fault(/^security/, { status: 503 });
  await t.rejects(fetch(resolution), {
    code: "mirror-unreachable",
    message: /^http:\/\/security\.debian\.org\/debian-security/,
  });
  mirror.heal();
  t.equal(version("crypto", await machine().resolve()), "1:27+deb12u1");
});

t.test("what is noted of missing files and can't be read counts as nothing", async (t) => {
  const { machine, record } = place(t);
  const first = machine();
  const resolution = await first.resolve();
  mirror.fault(/crypto_27(%2b|\+)deb12u1/, { status: 404 });
  await t.rejects(first.fetch(resolution), { code: "package-gone" });
  const [noted = ""] = readdirSync(record).filter((name) => name.startsWith("gone-"));
  const path = join(record, noted);
  writeFileSync(path, readFileSync(path, "utf8").slice(0, -5));
  t.equal(version("crypto", await machine().resolve()), "1:27+deb12u1");
});

t.test(
  "a disk that is full, or fills, is told as that",
  {
    skip: process.getuid?.() === 0 ? false : "needs root",
  },
  async (t) => {
    const disk = mkdtempSync(join(tmpdir(), "fetch-"));
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=64m", "none", disk]);
    t.teardown(() => {
      execFileSync("umount", [disk]);
      rmSync(disk, { recursive: true });
    });
    const { machine } = place(t, disk);
    mirror.offer("main", [...main, { name: "large", version: "1", bytes: 4_000_000 }]);
    const { resolve, fetch } = machine(["large"]);
    const resolution = await resolve();
    const full = { code: "work-full", hint: /TMPDIR=/ };
    const fill = (left: number): void => {
      const { bsize, bavail } = statfsSync(disk);
      writeFileSync(join(disk, `filler-${left}`), Buffer.alloc(Math.max(bsize * bavail - left, 0)));
    };
    fill(1_000_000);
    await t.rejects(fetch(resolution), full);
    for (const left of [20_000, 0]) {
      fill(left);
      await t.rejects(machine(["server"]).resolve(), full);
    }
  },
);
