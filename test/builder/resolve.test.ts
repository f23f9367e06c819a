import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import t from "tap";
import { type ResolveOptions, readSimulation, resolutionPath, resolvePackages } from "../../builder/resolve.ts";
import type { StackError } from "../../lib/error.ts";
import { type Run, run } from "../../lib/run.ts";
import { aptArchive, type Offered } from "./apt-archive.ts";

const here = mkdtempSync(join(tmpdir(), "resolve-"));
chmodSync(here, 0o755);
t.teardown(() => rmSync(here, { recursive: true, force: true }));
const { signal } = new AbortController();

t.test("mmdebstrap's words give each package's version and the archives they are from", (t) => {
  const { sources, versions } = readSimulation(
    [
      "Get:1 http://mirror.example.org/debian bookworm InRelease [151 kB]",
      "Hit:9 http://unasked.example bookworm InRelease",
      "Get:2 http://security.example.org/debian-security bookworm-security InRelease [48.0 kB]",
      "Get:3 http://mirror.example.org/debian bookworm/main amd64 Packages [8792 kB]",
      "Inst libc6 (2.36-9+deb12u10 Debian:12.11/stable [amd64])",
      "Inst base-files [12.4] (12.4+deb12u11 Debian:12.11/stable [amd64]) []",
      "Inst libc6 (2.36-9+deb12u10 Debian:12.11/stable [amd64])",
      "Inst linux-libc-dev:amd64 (6.1.1-1 Debian-Security:12/stable-security [amd64])",
      "Conf libc6 (2.36-9+deb12u10 Debian:12.11/stable [amd64])",
      "Remv gone [1.0]",
    ].join("\n"),
  );
  t.same(sources, [
    { uri: "http://mirror.example.org/debian", suite: "bookworm" },
    { uri: "http://security.example.org/debian-security", suite: "bookworm-security" },
  ]);
  t.same(
    [...versions],
    [
      ["base-files", "12.4+deb12u11"],
      ["libc6", "2.36-9+deb12u10"],
      ["linux-libc-dev:amd64", "6.1.1-1"],
    ],
  );
  for (const text of ["", "Inst libc6 (1 Debian [amd64])", "Get:1 http://a b InRelease [1 kB]"]) {
    t.throws(() => readSimulation(text), { code: "no-simulation" });
  }
  t.end();
});

const suite = "bookworm";
const system: readonly Offered[] = ["apt", "base-files", "dpkg"].map((name) => ({
  name,
  version: "1.0",
  essential: true,
}));
const offered = (version: string, library = "5"): Offered[] => [
  ...system,
  { name: "wanted", version, depends: "library" },
  { name: "library", version: library },
  { name: "unrelated", version },
];

t.test("the archive", async (t) => {
  const archive = await aptArchive(here, suite, run);
  t.teardown(() => archive.close());
  const folder = join(here, "resolutions");
  const request = { suite, architecture: "amd64", packages: ["wanted"], folder } as const;
  const resolve = (more: Partial<ResolveOptions> = {}) =>
    resolvePackages({ ...request, offline: false, dry: false, run: archive.run, signal, ...more });
  const simulated = (): boolean => archive.asked().some((path) => path.endsWith("/Packages"));

  await t.test("is asked for the versions of all that comes along", async (t) => {
    archive.offer(offered("1.2-3"));
    const dry = await resolve({ dry: true });
    t.throws(() => statSync(folder), { code: "ENOENT" }, "a look leaves nothing");
    const { packages, releases } = await resolve();
    t.same(
      packages.map(({ name, version }) => `${name} ${version}`),
      ["apt 1.0", "base-files 1.0", "dpkg 1.0", "library 5", "wanted 1.2-3"],
    );
    t.match(releases, [{ suite, uri: /^http:\/\/127\.0\.0\.1:\d+/, sha256: /^[0-9a-f]{64}$/ }]);
    t.same(dry.packages, packages);
    t.same(readdirSync(folder), [resolutionPath(request).slice(folder.length + 1)]);
  });

  await t.test("is asked for its state only, while that is as it was", async (t) => {
    archive.asked();
    const first = await resolve();
    t.same(archive.asked(), [`/dists/${suite}/InRelease`]);
    t.same(await resolve({ packages: ["wanted"] }), first);
  });

  await t.test("an update of a package, or of what it needs, is found", async (t) => {
    const version = async (name: string) => (await resolve()).packages.find((one) => one.name === name)?.version;
    archive.offer(offered("1.2-4"));
    archive.asked();
    t.equal(await version("wanted"), "1.2-4");
    t.ok(simulated());
    archive.offer(offered("1.2-4", "5+deb12u1"));
    t.equal(await version("library"), "5+deb12u1");
  });

  await t.test("an update of others changes nothing but the archive's state", async (t) => {
    const before = await resolve();
    archive.offer([...offered("1.2-4", "5+deb12u1"), { name: "new", version: "1" }]);
    const after = await resolve();
    t.same(after.packages, before.packages);
    t.notSame(after.releases, before.releases);
  });

  await t.test("a resolution that can't be read counts as none", async (t) => {
    for (const text of ["", "{}", readFileSync(resolutionPath(request), "utf8").slice(0, -20)]) {
      writeFileSync(resolutionPath(request), text);
      t.equal((await resolve()).packages.length, 5);
    }
  });

  await t.test("a package it has not is told", async (t) => {
    await t.rejects(resolve({ packages: ["wanted", "no-such-package"] }), {
      code: "no-such-package",
      message: "Debian bookworm has no package no-such-package",
      exit: 64,
    });
    archive.offer([...offered("1"), { name: "broken", version: "1", depends: "missing" }]);
    const error = await resolve({ packages: ["broken"] }).catch((thrown: unknown) => thrown);
    t.match(error, { code: "command-failed" });
    t.match((error as StackError).detail.join("\n"), /broken : Depends: missing but it is not installable/);
  });

  await t.test("offline, the last answer is taken, nothing is asked, and without one that is told", async (t) => {
    const last = await resolve();
    archive.asked();
    const nothing: Run = () => Promise.reject(new Error("no command is run offline"));
    t.same(await resolve({ offline: true, run: nothing }), last);
    t.same(archive.asked(), []);
    await t.rejects(resolve({ offline: true, packages: ["unrelated"], run: nothing }), {
      code: "not-cached",
      hint: /without --offline/,
    });
  });

  await t.test("when it can't be reached that is told, known before or not", async (t) => {
    await archive.close();
    for (const packages of [["wanted"], ["unrelated"]]) {
      await t.rejects(resolve({ packages }), { code: "mirror-unreachable", hint: /--offline/ });
    }
  });
});
