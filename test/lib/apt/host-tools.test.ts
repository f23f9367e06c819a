import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t, { type Test } from "tap";
import { ensureTools } from "../../../lib/apt/host-tools.ts";
import { silentLog } from "../../../lib/log.ts";
import { run } from "../../../lib/run.ts";

/** A folder that stands for the whole PATH, with shell scripts as its programs. */
function programs(folder: string, scripts: Readonly<Record<string, string>>): string {
  mkdirSync(folder, { recursive: true });
  for (const [name, body] of Object.entries(scripts)) {
    writeFileSync(join(folder, name), `#!/bin/sh\n${body}\n`);
    chmodSync(join(folder, name), 0o755);
  }
  return folder;
}
const base = { run, log: silentLog };

t.test("is content where every tool is there", async (t) => {
  const path = programs(t.testdir(), { mmdebstrap: "", pigz: "" });
  const tools = [
    { command: "mmdebstrap", package: "mmdebstrap" },
    { command: "pigz", package: "pigz" },
  ];
  await t.resolves(ensureTools(tools, { ...base, root: false, path }));
});

t.test("tells an ordinary user one command that installs all that is missing", async (t) => {
  const path = programs(t.testdir(), { tar: "" });
  const tools = [
    { command: "tar", package: "tar" },
    { command: "pigz", package: "pigz" },
    { command: "newuidmap", package: "uidmap" },
  ];
  await t.rejects(ensureTools(tools, { ...base, root: false, path }), {
    code: "missing-tool",
    message: /newuidmap, pigz/,
    hint: "sudo apt-get install --no-install-recommends pigz uidmap",
  });
});

t.test("a program that is there but lacks a part counts as missing", async (t) => {
  const path = programs(t.testdir(), { python3: "exit 1" });
  const tools = [{ command: "python3", package: "python3-pip", probe: ["-m", "pip", "--version"] }];
  await t.rejects(ensureTools(tools, { ...base, root: false, path }), { code: "missing-tool", hint: /python3-pip/ });
});

t.test("root installs what is missing with one apt-get, says so, and starts no service of it", async (t) => {
  const folder = t.testdir();
  const path = programs(join(folder, "bin"), {});
  // A real program in apt-get's place: it notes its arguments and "installs" into the PATH.
  programs(path, {
    "apt-get": `echo "$@" >>${folder}/calls; if [ "$4" = --yes ]; then : >${path}/pigz; chmod +x ${path}/pigz; fi`,
    systemctl: `echo "systemctl $@" >>${folder}/calls; exit 1`,
  });
  const said: string[] = [];
  const before = process.env.PATH;
  process.env.PATH = `${path}:${before}`;
  t.teardown(() => {
    process.env.PATH = before;
  });
  const log = (_level: string, message: string): void => void said.push(message);
  const tool = { command: "pigz", package: "pigz", units: ["pigz.service"] };
  await ensureTools([tool], { run, log, root: true, path });
  await ensureTools([tool], { run, log, root: true, path });
  t.same(readFileSync(join(folder, "calls"), "utf8").trim().split("\n"), [
    "--quiet -o Acquire::Retries=0 update",
    "--quiet -o Acquire::Retries=0 --yes -o DPkg::Lock::Timeout=300 install --no-install-recommends pigz",
    "systemctl disable --quiet --now pigz.service",
  ]);
  t.match(said[0], /installing pigz/);
});

t.test("an install that brings nothing is an error, not a loop", async (t) => {
  const folder = t.testdir();
  const path = programs(folder, { "apt-get": "" });
  const before = process.env.PATH;
  process.env.PATH = `${path}:${before}`;
  t.teardown(() => {
    process.env.PATH = before;
  });
  const failing = ensureTools([{ command: "no-such-tool", package: "pigz" }], { ...base, root: true, path });
  await t.rejects(failing, { code: "missing-tool", message: /still missing.*no-such-tool/ });
});

/** apt's own words of a file that its index names and the archive hasn't. */
const gone =
  "E: Failed to fetch http://deb.debian.org/debian/pool/main/p/pigz/pigz_2.6-1_amd64.deb  404  Not Found [IP: 192.0.2.1 80]";

/** A PATH with an apt-get of these lines: $1 is `update` or `install`, $installs how often the latter was called. */
function withApt(t: Test, body: string): { path: string; said: string[]; ensure: () => Promise<void> } {
  const folder = t.testdir();
  const path = programs(join(folder, "bin"), {});
  programs(path, {
    "apt-get": `shift 3; [ "$1" = update ] || { shift 3; echo >>${folder}/installs; }
installs=$(cat ${folder}/installs 2>/dev/null | wc -l)
works() { : >${path}/pigz; chmod +x ${path}/pigz; }
${body}`,
  });
  const before = process.env.PATH;
  process.env.PATH = `${path}:${before}`;
  t.teardown(() => {
    process.env.PATH = before;
  });
  const said: string[] = [];
  const log = (level: string, message: string): void => void said.push(`${level}: ${message}`);
  const ensure = () =>
    ensureTools([{ command: "pigz", package: "pigz" }], { run, log, root: true, path, waits: [1, 1] });
  return { path, said, ensure };
}

t.test("what an archive has for a moment not is asked for again, with a fresh index", async (t) => {
  const { said, ensure } = withApt(
    t,
    `[ "$1" = install ] || exit 0
[ $installs -lt 2 ] || { works; exit 0; }
echo "${gone}" >&2; exit 100`,
  );
  await ensure();
  t.match(said, [/installing pigz/, /^notice: pigz: .*tried again \(2 of 3\)$/]);
});

t.test("what it has for good not is one error that names package and file", async (t) => {
  const { ensure } = withApt(t, `[ "$1" = install ] || exit 0\necho "${gone}" >&2; exit 100`);
  await t.rejects(ensure(), {
    code: "package-gone",
    message: /^pigz: /,
    detail: [/pigz_2\.6-1_amd64\.deb/],
    hint: /sudo apt-get install --no-install-recommends pigz$/,
  });
});

const unreachable =
  "W: Failed to fetch http://deb.debian.org/debian/dists/bookworm/InRelease  Could not connect to deb.debian.org:80";

t.test("an archive that can't be reached is the error where the install fails for it", async (t) => {
  const { ensure } = withApt(
    t,
    `[ "$1" = install ] || { echo "${unreachable}" >&2; exit 0; }
echo "E: Unable to locate package pigz" >&2; exit 100`,
  );
  await t.rejects(ensure(), {
    code: "mirror-unreachable",
    message: "http://deb.debian.org/debian bookworm can't be reached",
  });
});

t.test("and none where it doesn't", async (t) => {
  const { said, ensure } = withApt(t, `[ "$1" = install ] || { echo "${unreachable}" >&2; exit 100; }\nworks`);
  await ensure();
  t.match(said, [/installing pigz/]);
  t.equal(said.length, 1);
});

t.test("a full disk is told as that, and at once", async (t) => {
  const { said, ensure } = withApt(
    t,
    `[ "$1" = install ] || exit 0
echo "E: You don't have enough free space in /var/cache/apt/archives/." >&2; exit 100`,
  );
  await t.rejects(ensure(), { code: "disk-full", hint: /make room/ });
  t.equal(said.length, 1);
});
