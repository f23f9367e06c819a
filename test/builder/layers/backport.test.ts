/** A rebuild as the backport does it, from Debian's own archive, of a source that takes seconds in the place of minutes. */
import { chmodSync, createWriteStream, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import t from "tap";
import { newestSource } from "../../../builder/broker/newest-source.ts";
import type { BuildContext } from "../../../builder/context.ts";
import { backportInputs, backports, buildBackport } from "../../../builder/layers/backport/backport.ts";
import { resolvePackages } from "../../../builder/resolve.ts";
import { silentLog } from "../../../lib/log.ts";
import { run } from "../../../lib/run.ts";

t.setTimeout(600_000);

const { bookworm: erlang } = backports;
const here = mkdtempSync(join(tmpdir(), "backport-"));
chmodSync(here, 0o755);
t.teardown(() => rmSync(here, { recursive: true, force: true }));
const signal = new AbortController().signal;
const asked = { folder: join(here, "resolutions"), dry: true, run, signal };

t.test("a newer release's source becomes a package of this one, and this machine keeps its own", async (t) => {
  if (erlang === undefined) throw new TypeError("there is no backport");
  const before = readFileSync("/var/lib/dpkg/status");
  const packages = ["bash-completion", "figlet"];
  const trixie = { suite: erlang.from, architecture: "amd64", packages, offline: false, ...asked };
  const { packages: newer, releases } = await resolvePackages(trixie);
  const ready = newer.find(({ name }) => name === "bash-completion")?.version ?? "";
  const source = await newestSource({ name: "figlet", releases, ...asked });
  const small = { ...erlang, source: "figlet", ready: "bash-completion" };
  const inputs = await backportInputs("bookworm", small, { architecture: "amd64", kept: ["figlet"], source, ready });
  const work = join(here, "work");
  mkdirSync(work);
  const root = process.getuid?.() === 0;
  const made = await buildBackport(inputs, { run, signal, work, root, log: silentLog } as unknown as BuildContext);
  const archive = join(here, "layer.tar");
  await pipeline(Readable.from(made.archive, { objectMode: false }), createWriteStream(archive));
  const unpacked = join(here, "unpacked");
  mkdirSync(unpacked);
  await run("tar", ["-xf", archive, "-C", unpacked]);
  const index = readFileSync(join(unpacked, "packages/Packages"), "utf8");
  const found = [...index.matchAll(/^Package: (\S+)\n(?:.+\n)*?Version: (\S+)$/gm)].map(([, name, version]) => [
    name,
    version,
  ]);
  t.strictSame(found.sort(), [
    ["bash-completion", ready],
    ["figlet", `${source}~bpo12+1`],
  ]);
  const deb = /^Filename: \.\/(figlet_\S+)$/m.exec(index)?.[1] ?? "";
  const { stdout } = await run("dpkg-deb", ["--field", join(unpacked, "packages", deb), "Depends"]);
  t.match(stdout, /libc6 \(>= 2\.(\d|[12]\d|3[0-6])\)/, "it is content with Debian 12's libc");
  t.ok(readFileSync("/var/lib/dpkg/status").equals(before), "no package of this machine was touched");
});

t.test("the newest source that can be had is told, and one that nobody has", async (t) => {
  const trixie = { suite: "trixie", architecture: "amd64", packages: ["figlet"], offline: false, ...asked };
  const { releases } = await resolvePackages(trixie);
  t.match(await newestSource({ name: "figlet", releases, ...asked }), /^2\.2\.5-\d/);
  await t.rejects(newestSource({ name: "no-such-source-x", releases, ...asked }), { code: "no-such-source" });
});
