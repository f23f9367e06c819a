/** A relocation as RabbitMQ's, from Debian's own archive, of packages that take seconds. */
import { chmodSync, createWriteStream, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import t from "tap";
import { resolvePackages } from "../../../builder/apt/resolve-packages.ts";
import type { BuildContext } from "../../../builder/context.ts";
import { readBaseFacts } from "../../../builder/layers/base/facts.ts";
import {
  buildRelocated,
  type RelocatedInputs,
  relocatedInputs,
  relocatedVersions,
} from "../../../builder/layers/relocated/relocated.ts";
import { silentLog } from "../../../lib/log.ts";
import { type Run, run } from "../../../lib/run.ts";
import { rabbitmqSources } from "../../../stack/components/rabbitmq/sources.ts";
import type { Relocation } from "../../../stack/package-sources.ts";

t.setTimeout(600_000);

const here = mkdtempSync(join(tmpdir(), "relocated-"));
chmodSync(here, 0o755);
t.teardown(() => rmSync(here, { recursive: true, force: true }));
const signal = new AbortController().signal;
const architecture = "amd64";
const folder = join(here, "libraries");

const small: Relocation = {
  ...{ from: "trixie", ready: "bash-completion", moved: /^(figlet|gawk)$/, package: "small-libraries", folder },
  ...{ libraries: ["gcc-14-base", "libc6", "libgcc-s1"], needless: [], suffix: "~moved1" },
};
const asked = { suite: "trixie", architecture, packages: ["bash-completion", "figlet", "gawk"] };
const resolution = await resolvePackages({
  ...{
    ...asked,
    folder: join(here, "resolutions"),
    work: here,
    offline: false,
    dry: true,
    run,
    log: silentLog,
    signal,
  },
});
const inputs = await relocatedInputs(small, resolution, { architecture, patchelf: "1" });

async function build(name: string, of: RelocatedInputs, by: Run = run): Promise<string> {
  const work = join(here, name);
  mkdirSync(work, { recursive: true });
  const context = { run: by, signal, work, cache: here, log: silentLog } as unknown as BuildContext;
  const { archive } = await buildRelocated(of, context);
  await pipeline(Readable.from(archive, { objectMode: false }), createWriteStream(join(work, "layer.tar")));
  return work;
}

const one = await build("one", inputs);
await run("tar", ["-xf", join(one, "layer.tar"), "-C", one]);
const deb = (name: string): string => join(one, "packages", `${name}.deb`);
const field = async (name: string, key: string): Promise<string> =>
  (await run("dpkg-deb", ["--field", deb(name), key])).stdout.trim();

t.test("the index names every package, with the versions that were foreseen", async (t) => {
  const index = readFileSync(join(one, "packages/Packages"), "utf8");
  const found = [...index.matchAll(/^Package: (\S+)\n(?:.+\n)*?Version: (\S+)$/gm)].map(([, name, version]) => [
    name,
    version,
  ]);
  t.strictSame(Object.fromEntries(found), relocatedVersions(inputs));
  t.match(await field("figlet", "Version"), /~moved1$/);
  for (const [, file = "", sha256 = ""] of index.matchAll(/^Filename: \.\/(\S+)\n(?:.+\n)*?SHA256: (\S+)$/gm))
    t.equal((await run("sha256sum", [join(one, "packages", file)])).stdout.split(" ")[0], sha256, file);
});

t.test("moved packages ask for the libraries' package alone in place of the newer libraries", async (t) => {
  const version = relocatedVersions(inputs)["small-libraries"];
  t.equal(await field("figlet", "Depends"), `small-libraries (= ${version})`);
  t.match((await field("gawk", "Depends")) + (await field("gawk", "Pre-Depends")), /libreadline8/);
  t.notMatch(await field("gawk", "Pre-Depends"), /libc6/);
  t.match(await field("figlet", "Source"), /^figlet \(2\.2\.5-[^~]*\)$/, "its source is told without the suffix");
  t.match(await field("small-libraries", "Built-Using"), /^gcc-14 \(= \S+\), glibc \(= \S+\)$/);
});

t.test("a moved program runs on this machine with the newer C library, and only with that", async (t) => {
  const root = join(here, "root");
  for (const name of ["figlet", "small-libraries"]) await run("dpkg-deb", ["--extract", deb(name), root]);
  mkdirSync(dirname(folder), { recursive: true });
  renameSync(join(root, folder), folder);
  const program = join(root, "usr/bin/figlet-figlet");
  const { stdout } = await run(program, ["-d", join(root, "usr/share/figlet"), "hi"]);
  t.match(stdout, /_/);
  const loaded = (await run(join(folder, "ld-linux-x86-64.so.2"), ["--list", program])).stdout;
  t.match(loaded, `${folder}/libc.so.6`);
  t.notMatch(loaded, /=> \/(usr\/)?lib/);
  const version = (await run(join(folder, "ld-linux-x86-64.so.2"), [join(folder, "libc.so.6")])).stdout;
  t.match(version, /release version 2\.41/);
});

t.test("each file has the digest that its package says, and its copyright text is there", async (t) => {
  const tree = join(here, "tree");
  mkdirSync(tree);
  for (const name of ["figlet", "small-libraries"]) {
    await run("dpkg-deb", ["--raw-extract", deb(name), join(tree, name)]);
    await run("md5sum", ["--check", "--quiet", "DEBIAN/md5sums"], { cwd: join(tree, name) });
  }
  const copyright = readFileSync(join(tree, "small-libraries/usr/share/doc/small-libraries/copyright"), "utf8");
  t.match(copyright, /^== gcc-14-base 14/m);
  t.match(copyright, /^== libc6 2\.41/m);
});

t.test("what is in the libraries' package is read out of a root file system with it", async (t) => {
  const admin = join(here, "facts");
  for (const path of ["var/lib/dpkg/info", "var/lib/dpkg/updates", "etc", "usr/lib/systemd/system"])
    mkdirSync(join(admin, path), { recursive: true });
  const control = (await run("dpkg-deb", ["--field", deb("small-libraries")])).stdout;
  await run(
    "sh",
    [
      "-c",
      'printf "%s\\nStatus: install ok installed\\n" "$1" >var/lib/dpkg/status && touch etc/passwd etc/group',
      "sh",
      control.trim(),
    ],
    { cwd: admin },
  );
  const { packages } = await readBaseFacts(admin, run);
  const libc = packages[0]?.contains?.find(({ name }) => name === "libc6");
  t.match(libc, { version: /^2\.41/, architecture: "amd64", source: { name: "glibc", version: /^2\.41/ } });
});

t.test("the same input gives the same bytes; this machine keeps its own packages", async (t) => {
  const before = readFileSync("/var/lib/dpkg/status");
  const two = await build("two", inputs);
  t.ok(readFileSync(join(two, "layer.tar")).equals(readFileSync(join(one, "layer.tar"))));
  t.ok(readFileSync("/var/lib/dpkg/status").equals(before));
});

t.test("a disk that fills while packages are made is told, with what to do", async (t) => {
  if (process.getuid?.() !== 0) return void t.pass("", { skip: "a small disk is mounted by root" });
  const full = join(here, "full");
  mkdirSync(full);
  await run("mount", ["-t", "tmpfs", "-o", "size=400m", "tmpfs", full]);
  const filling: Run = async (command, args, options) => {
    if (args.includes("--build")) await run("dd", ["if=/dev/zero", `of=${full}/filler`, "bs=1M"], { accept: [1] });
    return run(command, args, options);
  };
  try {
    await t.rejects(build("full", inputs, filling), { code: "work-full", hint: /TMPDIR/ });
  } finally {
    await run("umount", [full]);
  }
});

t.test("a package that the newer release lacks is named", async (t) => {
  const lacking = { ...small, libraries: ["libc6", "no-such-library"] };
  await t.rejects(relocatedInputs(lacking, resolution, { architecture, patchelf: "1" }), {
    code: "no-such-package",
    message: /no-such-library/,
  });
});

t.test("Debian 12 alone has something to relocate", async (t) => {
  t.strictSame(Object.keys(rabbitmqSources.relocated.relocations), ["bookworm"]);
});
