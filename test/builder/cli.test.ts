import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import t from "tap";
import { waitFor } from "../../lib/wait.ts";

const project = join(import.meta.dirname, "../..");
const cli = [process.execPath, join(project, "builder/cli.ts")] as const;
const root = process.getuid?.() === 0;
const stack = readFileSync(join(project, "stack/stock-analysis.yaml"), "utf8");

interface Place {
  readonly folder: string;
  /** TMPDIR of the build. */
  readonly temporary: string;
  readonly out: string;
  readonly cache: string;
}

function place(t: Pick<typeof import("tap").default, "teardown">): Place {
  const folder = mkdtempSync(join(tmpdir(), "cli-"));
  const made = { folder, temporary: join(folder, "tmp"), out: join(folder, "out"), cache: join(folder, "cache") };
  mkdirSync(made.temporary);
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  return made;
}

/** Runs the command line to its end. */
function build(
  { temporary, out, cache }: Place,
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
  under: string[] = [],
) {
  const [command = "", ...rest] = [...under, ...cli, ...args, "--out", out];
  const result = spawnSync(command, rest, {
    encoding: "utf8",
    env: { ...process.env, TMPDIR: temporary, XDG_CACHE_HOME: cache, ...env },
  });
  return { code: result.status, stdout: result.stdout, stderr: result.stderr };
}

function stackFile({ folder }: Place, text: string): string {
  const path = join(folder, "stack.yaml");
  writeFileSync(path, text);
  return path;
}

function leftBehind({ temporary, out }: Place): string[] {
  const there = (path: string): string[] => {
    try {
      return readdirSync(path);
    } catch {
      return [];
    }
  };
  return [...there(temporary), ...there(out)];
}

t.test("an invalid stack.yaml ends with 64, every fault at its place, before any work", async (t) => {
  const here = place(t);
  const path = stackFile(here, stack.replace("journal:", "jurnal:").replace("port: 8002", "port: 8001"));
  const { code, stderr, stdout } = build(here, [path]);
  t.equal(code, 64);
  t.equal(stdout, "");
  t.match(stderr, /stack\.yaml:\d+:\d+: jurnal: .*journal/);
  t.match(stderr, /8001/);
  t.match(stderr, /^hint: {2}/m);
  t.same(leftBehind(here), []);
});

t.test("an unknown option or format and an unreadable file end with 64", async (t) => {
  const here = place(t);
  t.equal(build(here, ["--nonsense"]).code, 64);
  t.equal(build(here, ["--format", "rar"]).code, 64);
  t.equal(build(here, ["one.yaml", "two.yaml"]).code, 64);
  const { code, stderr } = build(here, [join(here.folder, "absent.yaml")]);
  t.equal(code, 64);
  t.match(stderr, /no-definition/);
});

t.test("--set is refused like the file, by its own name; arm64 is refused by name", async (t) => {
  const here = place(t);
  const { code, stderr } = build(here, ["--set", "container.memroy=4GiB", "--set", "redis.policy=never"]);
  t.equal(code, 64);
  t.match(stderr, /stock-analysis\.yaml has 2 faults \[definition-invalid\]/);
  t.match(stderr, '--set container.memroy: unknown key; did you mean "memory"?');
  t.match(stderr, /--set redis\.policy: .*"noeviction"/);
  const arm = build(here, ["--arch", "arm64"]);
  t.equal(arm.code, 64);
  t.match(arm.stderr, /\[unsupported-architecture\]\nhint: {2}/);
  t.equal(build(here, ["--arch", "mips"]).code, 64);
  t.same(leftBehind(here), []);
});

t.test("a fault in the trees beside stack.yaml ends with 64, before any work", async (t) => {
  const here = place(t);
  mkdirSync(join(here.folder, "rootfs-overlay/etc"), { recursive: true });
  writeFileSync(join(here.folder, "rootfs-overlay/etc/motd"), "hello");
  const { code, stderr } = build(here, [stackFile(here, stack)]);
  t.equal(code, 64, stderr);
  t.match(stderr, "rootfs-overlay/etc/motd: the stack's own template is rootfs-overlay/etc/motd.ejs");
  t.same(leftBehind(here), []);
});

t.test("with --json an error is one object on standard output, and a text for people beside it", async (t) => {
  const here = place(t);
  const { stdout, stderr } = build(here, ["--json", stackFile(here, "name: x\n")]);
  const error = JSON.parse(stdout) as { code: string; detail: string[] };
  t.equal(error.code, "definition-invalid");
  t.ok(error.detail.length > 0);
  t.match(stderr, /^error: .* \[definition-invalid\]$/m);
  const unknown = build(here, ["--json", "--nonsense"]);
  t.equal(unknown.code, 64);
  t.match(JSON.parse(unknown.stdout), { code: "usage", message: /^unknown option '--nonsense'/ });
  t.match(unknown.stderr, /unknown option '--nonsense'/);
});

t.test("a service's source that is not there ends with 64 and names the folder", async (t) => {
  const here = place(t);
  const path = stackFile(here, stack.replace("port: 8001", "port: 8001\n    source: my-broker\n    module: app"));
  const { code, stderr } = build(here, [path]);
  t.equal(code, 64, stderr);
  t.match(stderr, /my-broker/);
  t.same(leftBehind(here), []);
});

t.test("a missing tool is named with the command that installs it", async (t) => {
  const here = place(t);
  const { code, stderr } = build(here, [], { PATH: here.temporary });
  t.equal(code, 1);
  t.match(stderr, /missing on this machine: .*\[missing-tool\]/);
  t.match(stderr, /hint: {2}sudo apt-get install .*mmdebstrap/);
  t.same(leftBehind(here), []);
});

t.test("an unreachable mirror is told in seconds", async (t) => {
  const here = place(t);
  const { code, stderr } = build(here, [], { http_proxy: "http://127.0.0.1:9" });
  t.equal(code, 1);
  t.match(stderr, /mirror-unreachable/);
  t.match(stderr, /hint: .*http_proxy=/);
  t.same(leftBehind(here), []);
});

t.test(
  "a full disk is told before work, with what is there and how to choose another",
  {
    skip: root ? false : "needs root",
  },
  async (t) => {
    const here = place(t);
    const mount = ["unshare", "--mount", "sh", "-c", 'mount -t tmpfs -o size=64m none "$TMPDIR" && exec "$@"', "sh"];
    const { code, stderr } = build(here, [], {}, mount);
    t.equal(code, 1);
    t.match(stderr, /needs 4096 MiB in .* 6[0-9] MiB free \[no-space\]/);
    t.match(stderr, /TMPDIR=/);
  },
);

t.test("a work folder that can't be made, or where nothing can be started, is told before work", async (t) => {
  const here = place(t);
  const absent = build(here, [], { TMPDIR: join(here.folder, "absent") });
  t.equal(absent.code, 1);
  t.match(absent.stderr, /no-work-folder[\s\S]*TMPDIR=/);
  if (!root) return;
  const mount = [
    "unshare",
    "--mount",
    "sh",
    "-c",
    'mount -t tmpfs -o noexec,size=5g none "$TMPDIR" && exec "$@"',
    "sh",
  ];
  const closed = build(here, [], {}, mount);
  t.equal(closed.code, 1);
  t.match(closed.stderr, /work-folder-unusable[\s\S]*noexec[\s\S]*TMPDIR=/);
});

t.test("an out folder that can't be made is an error at once", async (t) => {
  const here = place(t);
  writeFileSync(here.out, "a file");
  const { code, stderr } = build(here, []);
  t.equal(code, 1);
  t.match(stderr, /no-out/);
  t.match(stderr, /--out DIR/);
});

for (const [signal, expected] of [
  ["SIGINT", 130],
  ["SIGTERM", 143],
] as const) {
  t.test(`${signal} in the middle of the base ends with ${expected} and leaves nothing behind`, async (t) => {
    const here = place(t);
    const child = spawn(cli[0], [cli[1], "--set", "rabbitmq.sources=[debian]", "--out", here.out], {
      env: { ...process.env, TMPDIR: here.temporary, XDG_CACHE_HOME: here.cache },
    });
    const ended = exitOf(child);
    let output = "";
    child.stderr.on("data", (chunk: Buffer) => {
      output += chunk.toString();
    });
    const unpacked = async (): Promise<boolean> => {
      if (child.exitCode !== null) throw new Error(output);
      const [work = "none"] = readdirSync(here.temporary);
      return readdirSync(join(here.temporary, work, "rootfs/usr/bin")).length > 50;
    };
    await waitFor(unpacked, { what: "mmdebstrap to unpack packages", timeout: 120_000 });
    child.kill(signal);
    t.equal(await ended, expected, output);
    t.match(output, /nothing is left behind/);
    t.same(leftBehind(here), []);
    const processes = spawnSync("ps", ["-eo", "args"], { encoding: "utf8" });
    t.equal(processes.status, 0);
    t.notMatch(processes.stdout, here.temporary);
    t.notMatch(readFileSync("/proc/self/mountinfo", "utf8"), here.temporary);
  });
}

t.test("--help tells the exit codes, --schema prints a JSON Schema, --version a version", async (t) => {
  const here = place(t);
  t.match(build(here, ["--help"]).stdout, /Exit codes: 0 built, 1 a step failed, 64 .*\n130/);
  t.equal((JSON.parse(build(here, ["--schema"]).stdout) as { title: string }).title, "stack.yaml");
  t.match(build(here, ["--version"]).stdout, /^\d+\.\d+\.\d+$/m);
});

function exitOf(child: ChildProcess): Promise<number | null> {
  return new Promise((resolve) => child.once("close", (code) => resolve(code)));
}
