import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import t from "tap";
import { commands } from "../../../builder/cli/commands.ts";

const here = mkdtempSync(join(tmpdir(), "options-"));
t.teardown(() => rmSync(here, { recursive: true, force: true }));

function run(args: readonly string[], env: NodeJS.ProcessEnv = {}) {
  const result = spawnSync(process.execPath, ["builder/cli.ts", ...args], {
    encoding: "utf8",
    env: { ...process.env, XDG_CACHE_HOME: join(here, "cache"), TMPDIR: here, ...env },
  });
  return { code: result.status, stdout: result.stdout, stderr: result.stderr };
}

t.test("--help names every subcommand, the folder of the cache and its limit's variable", async (t) => {
  const { stdout, code } = run(["--help"]);
  t.equal(code, 0);
  for (const { usage, summary } of commands) t.ok(stdout.includes(`${usage} `) && stdout.includes(summary), usage);
  t.match(stdout, join(here, "cache/proxmox-stack"));
  t.match(stdout, "BUILD_TEMPLATE_CACHE_LIMIT");
});

t.test("every subcommand has a --help with examples and exit codes", async (t) => {
  for (const { name } of commands) {
    const { stdout, stderr, code } = run([name, "--help"]);
    t.equal(code, 0, stderr);
    t.match(stdout, `Usage: build-template ${name}`);
  }
});

t.test("what is asked wrongly ends with 64, before any work", async (t) => {
  for (const [args, told, env] of [
    [["--nonsense"], /--nonsense/],
    [["--cache-limit", "5"], /"4 GiB"/],
    [[], /BUILD_TEMPLATE_CACHE_LIMIT.*"4 GiB"/, { BUILD_TEMPLATE_CACHE_LIMIT: "much" }],
    [["--plan", "--keep"], /--plan.*--keep/],
    [["--plan", "--shell"], /--plan.*--shell/],
    [["--plan", "--smoke"], /--plan.*--smoke/],
    [["--shell", "--json"], /--shell.*--json/],
    [["--shell"], /needs a terminal \[no-terminal\][\s\S]*--keep/],
    [["smoke"], /TEMPLATE/],
    [["smoke", join(here, "absent.tar.gz")], /no-template/],
    [["verify"], /FILE/],
  ] as const) {
    const { code, stdout, stderr } = run(args, env);
    t.equal(code, 64, args.join(" "));
    t.match(stderr, told, args.join(" "));
    if (args.some((word) => word === "--json")) t.match(JSON.parse(stdout), { code: "usage", message: told });
    else t.equal(stdout, "");
  }
  t.strictSame(readdirSync(here), []);
});

t.test("--strict refuses an older version than asked for, before anything is built", async (t) => {
  const old = ["--set", 'rabbitmq.minimumVersion="99.0"', "--set", "rabbitmq.sources=[debian]"];
  const refused = run([...old, "--strict", "--plan"]);
  t.equal(refused.code, 1, refused.stderr);
  t.match(refused.stderr, /\[deviation\]\n.*RabbitMQ is [34]\S+, Debian 12's; 99\.0 or newer is asked for\nhint: /);
  const built = run([...old, "--strict", "--out", join(here, "out")]);
  t.equal(built.code, 1);
  t.match(built.stderr, /\[deviation\]/);
  t.notMatch(built.stderr, /^base: /m);
  const told = run([...old, "--plan"]);
  t.equal(told.code, 0, told.stderr);
  t.match(told.stdout, /^DEVIATION RabbitMQ is /m);
});

t.test("a package that Debian has not is told by its name, with 64", async (t) => {
  const { code, stderr } = run(["--plan", "--set", "packages=[curl, no-such-package-x, curly-y]"]);
  t.equal(code, 64, stderr);
  t.match(
    stderr,
    /^error: (plan: )?Debian bookworm has no package curly-y, no-such-package-x \[no-such-package\]\nhint: /,
  );
});

t.test("a file that is no template of ours is told as such", async (t) => {
  const file = join(here, "other.tar.gz");
  spawnSync("tar", ["-czf", file, "-C", import.meta.dirname, "options.test.ts"]);
  t.match(run(["smoke", file]), { code: 64, stderr: /not-a-template/ });
  writeFileSync(join(here, "name.zip"), "");
  t.match(run(["smoke", join(here, "name.zip")]), { code: 64, stderr: /template-name/ });
});

t.test("where containers can't be run, --smoke says so with each reason's fix before it builds: 69", async (t) => {
  const { code, stdout, stderr } = run(["--smoke", "--json"], { PATH: here });
  t.equal(code, 69);
  const error = JSON.parse(stdout) as { code: string; detail: string[]; hint: string };
  t.equal(error.code, "smoke-unavailable");
  t.match(error.detail.join("\n"), /missing: .*lxc-start.*: apt-get install .*lxc/);
  t.match(error.hint, /without it the template is built/);
  t.notMatch(stderr, /base:/);
});
