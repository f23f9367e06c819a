/** Debian's archives on loopback, in every state that a mirror is found in between two days. */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import t, { type Test } from "tap";
import { type ResolveOptions, resolutionPath, resolvePackages } from "../../../builder/apt/resolve-packages.ts";
import { type Run, run } from "../../../lib/run.ts";
import { debianMirror, type MirroredPackage } from "./debian-mirror.ts";

t.setTimeout(600_000);

const suite = "bookworm";
const { signal } = new AbortController();
const system: readonly MirroredPackage[] = ["apt", "base-files", "dpkg"].map((name) => ({
  name,
  version: "1.0",
  essential: true,
}));
const offered = (version: string, library = "5"): MirroredPackage[] => [
  ...system,
  { name: "wanted", version, depends: "library" },
  { name: "library", version: library },
  { name: "unrelated", version },
];

const mirror = await debianMirror(suite, run);
t.teardown(() => mirror.close());

/** A machine that has never built, and archives that are whole. */
function place(t: Test) {
  // Below no folder of a user's own: apt downloads as nobody.
  const here = mkdtempSync(join(tmpdir(), "resolve-"));
  t.teardown(() => rmSync(here, { recursive: true, force: true }));
  mirror.heal();
  for (const part of ["main", "updates", "security"] as const)
    mirror.offer(part, part === "main" ? offered("1.2-3") : [{ name: `only-${part}`, version: "1" }]);
  mirror.asked();
  const folder = join(here, "resolutions");
  const request = { suite, architecture: "amd64", packages: ["wanted"], folder } as const;
  const told: string[] = [];
  const log = (level: string, message: string): void => void (level !== "debug" && told.push(`${level}: ${message}`));
  let works = 0;
  const resolve = (more: Partial<ResolveOptions> = {}) => {
    const work = join(here, `work-${works++}`);
    mkdirSync(work);
    const effects = { run: mirror.run, log, signal, waits: [1, 1] };
    return resolvePackages({ ...request, work, offline: false, dry: false, ...effects, ...more });
  };
  const version = async (name: string, more: Partial<ResolveOptions> = {}): Promise<string | undefined> =>
    (await resolve(more)).packages.find((one) => one.name === name)?.version;
  return { folder, request, told, resolve, version };
}

t.test("the archives are asked for the versions of all that comes along", async (t) => {
  const { folder, request, resolve } = place(t);
  const dry = await resolve({ dry: true });
  t.notOk(existsSync(folder), "a look leaves nothing");
  const { packages, releases } = await resolve();
  t.same(
    packages.map(({ name, version }) => `${name} ${version}`),
    ["apt 1.0", "base-files 1.0", "dpkg 1.0", "library 5", "wanted 1.2-3"],
  );
  t.same(
    releases.map(({ uri, suite }) => `${uri} ${suite}`),
    [
      "http://deb.debian.org/debian bookworm",
      "http://security.debian.org/debian-security bookworm-security",
      "http://deb.debian.org/debian bookworm-updates",
    ],
  );
  for (const { sha256 } of releases) t.match(sha256, /^[0-9a-f]{64}$/);
  t.same(dry.packages, packages);
  t.same(readdirSync(folder), [resolutionPath(request).slice(folder.length + 1)]);
});

t.test("they are asked for their state only, while that is as it was", async (t) => {
  const { resolve } = place(t);
  const first = await resolve();
  mirror.asked();
  t.same(await resolve(), first);
  t.same(
    mirror.asked().filter((url) => !url.endsWith("/InRelease")),
    [],
  );
});

t.test("an update of a package, or of what it needs, is found, in any of them", async (t) => {
  const { version } = place(t);
  t.equal(await version("wanted"), "1.2-3");
  mirror.offer("main", offered("1.2-4"));
  t.equal(await version("wanted"), "1.2-4");
  mirror.offer("security", [{ name: "library", version: "5+deb12u1" }]);
  t.equal(await version("library"), "5+deb12u1");
  mirror.offer("updates", [{ name: "library", version: "5+deb12u2" }]);
  t.equal(await version("library"), "5+deb12u2");
});

t.test("an update of others changes nothing but the archive's state", async (t) => {
  const { resolve } = place(t);
  const before = await resolve();
  mirror.offer("main", [...offered("1.2-3"), { name: "new", version: "1" }]);
  const after = await resolve();
  t.same(after.packages, before.packages);
  t.notSame(after.releases, before.releases);
});

t.test("a resolution that can't be read counts as none", async (t) => {
  const { request, resolve } = place(t);
  await resolve();
  for (const text of ["", "{}", readFileSync(resolutionPath(request), "utf8").slice(0, -20)]) {
    writeFileSync(resolutionPath(request), text);
    t.equal((await resolve()).packages.length, 5);
  }
});

t.test("a package it has not is told, and at once", async (t) => {
  const { resolve, told } = place(t);
  await t.rejects(resolve({ packages: ["wanted", "no-such-package"] }), {
    code: "no-such-package",
    message: "Debian bookworm has no package no-such-package",
    exit: 64,
  });
  mirror.offer("main", [...offered("1"), { name: "broken", version: "1", depends: "missing" }]);
  await t.rejects(resolve({ packages: ["broken"] }), {
    code: "package-unavailable",
    detail: [/broken : Depends: missing but it is not installable/],
  });
  t.same(told, []);
});

t.test("offline, the last answer is taken, nothing is asked, and without one that is told", async (t) => {
  const { resolve } = place(t);
  const last = await resolve();
  mirror.asked();
  const nothing: Run = () => Promise.reject(new Error("no command is run offline"));
  t.same(await resolve({ offline: true, run: nothing }), last);
  t.same(mirror.asked(), []);
  await t.rejects(resolve({ offline: true, packages: ["unrelated"], run: nothing }), {
    code: "not-cached",
    hint: /without --offline/,
  });
});

const passing = {
  "a connection cut in the middle of an index": () => mirror.fault(/Packages/, { cut: 40 }, 3),
  "one cut in the middle of a Release file": () => mirror.fault(/security\/InRelease/, { cut: 100 }, 1),
  "an index of other bytes than its Release file says": () => mirror.fault(/Packages/, { garbled: true }, 1),
  "an index of another length": () => mirror.fault(/Packages/, { short: 10 }, 1),
  "an index that is not there yet": () => mirror.fault(/Packages/, { status: 404 }, 1),
  "a Release file that is not there": () => mirror.fault(/bookworm-updates\/(In)?Release/, { status: 404 }, 2),
  "one half written": () => mirror.fault(/bookworm-updates\/InRelease/, { short: 100 }, 1),
  "one that is somebody's page": () => mirror.fault(/bookworm-updates\/InRelease/, { garbled: true }, 1),
  "an archive that refuses": () => mirror.fault(/^security/, { refused: true }, 2),
  "an archive that is overloaded": () => mirror.fault(/^security/, { status: 503 }, 2),
} as const;

t.test("what passes is tried again, told, and makes no other resolution", async (t) => {
  const undisturbed = await place(t).resolve();
  for (const [name, fault] of Object.entries(passing)) {
    await t.test(name, async (t) => {
      const { resolve, told } = place(t);
      fault();
      const { packages } = await resolve();
      t.same(packages, undisturbed.packages);
      t.match(told, [/^notice: .*: tried again \(2 of 3\)$/]);
      t.notMatch(told.join("\n"), /^warning/m);
    });
  }
  await t.test("so is the look whether the last answer holds", async (t) => {
    const { resolve, told } = place(t);
    const first = await resolve();
    mirror.fault(/^security/, { status: 503 }, 2);
    t.same(await resolve(), first);
    t.match(told, [/^notice: /]);
  });
});

const lasting = {
  "an index of other bytes": [() => mirror.fault(/^security.*Packages/, { garbled: true }), "mirror-out-of-step"],
  "a Release file that is gone": [() => mirror.fault(/^security.*Release/, { status: 404 }), "mirror-out-of-step"],
  "a half-written Release file": [() => mirror.fault(/^security.*InRelease/, { short: 99 }), "mirror-out-of-step"],
  "an expired Release file": [
    () =>
      mirror.offer("security", [{ name: "library", version: "5.1" }], { validUntil: new Date(Date.now() - 3_600_000) }),
    "mirror-out-of-step",
  ],
  "security's archive alone refusing": [() => mirror.fault(/^security/, { refused: true }), "mirror-unreachable"],
} as const;

t.test("what lasts is one error that names the archive", async (t) => {
  for (const [name, [fault, code]] of Object.entries(lasting)) {
    await t.test(name, async (t) => {
      const { folder, resolve } = place(t);
      fault();
      await t.rejects(resolve(), {
        code,
        message: /^http:\/\/security\.debian\.org\/debian-security bookworm-security /,
        hint: /--offline/,
      });
      t.notOk(existsSync(folder), "and nothing is kept");
    });
    await t.test(`${name}, where packages were looked up before: they hold, and that is said loudly`, async (t) => {
      const { resolve, told } = place(t);
      const before = await resolve();
      mirror.offer("security", [{ name: "library", version: "5.1" }]);
      fault();
      t.same(await resolve(), before);
      t.match(told.at(-1), /^warning: http:\/\/security\S+ bookworm-security .*with nothing newer$/);
    });
  }
});

t.test("a signature by a key that is not trusted is never passed over", async (t) => {
  const { resolve, told } = place(t);
  await resolve();
  const stranger = await debianMirror(suite, run);
  t.teardown(() => stranger.close());
  for (const part of ["main", "updates", "security"] as const) stranger.offer(part, offered("9"));
  // The keys of the one, the archives of the other.
  const crossed: Run = (command, args, options) => mirror.run(command, args, { ...options, env: options?.env ?? {} });
  const between: Run = (command, args, options) =>
    crossed(command, [...args, "-o", `Acquire::http::Proxy=${stranger.env.http_proxy}`], options);
  await t.rejects(resolve({ run: between }), { code: "untrusted-archive", detail: [/NO_PUBKEY|Missing key/i] });
  t.notMatch(told.join("\n"), /^warning/m);
});

t.test("stopped between two tries it stops", async (t) => {
  const { resolve } = place(t);
  mirror.fault(/./, { refused: true });
  const stop = new AbortController();
  const log = (level: string): void => void (level === "notice" && stop.abort());
  await t.rejects(resolve({ signal: stop.signal, log, waits: [600_000] }), { code: "aborted", exit: 130 });
});
