import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { ensureTools } from "../../lib/host-tools.ts";
import { silentLog } from "../../lib/log.ts";
import { run } from "../../lib/run.ts";

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
    "apt-get": `echo "$@" >>${folder}/calls; if [ "$2" = --yes ]; then : >${path}/pigz; chmod +x ${path}/pigz; fi`,
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
    "--quiet update",
    "--quiet --yes -o DPkg::Lock::Timeout=300 install --no-install-recommends pigz",
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
