/** --keep and --shell: a real build that fails in the chroot, and what one then has of it. */
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { run } from "../../lib/run.ts";
import { waitFor } from "../../lib/wait.ts";
import { needs } from "./needs.ts";

t.setTimeout(30 * 60_000);

const project = join(import.meta.dirname, "../..");
const builder = join(project, "bin/build-template");

if (needs(t, process.getuid?.() === 0 ? "" : "the default stack's base is cached for root alone")) {
  const here = mkdtempSync("/var/tmp/stack-failure-");
  t.teardown(() => rmSync(here, { recursive: true, force: true }));
  const stack = brokenStack(here);
  const temporary = join(here, "tmp");
  const out = join(here, "out");
  mkdirSync(temporary);
  const env = { ...process.env, TMPDIR: temporary, TERM: "xterm" };
  // The python layer's only fault is a hash: the base comes from the cache, or is made once.
  const timeout = 900_000;

  t.test("a failed build leaves nothing behind by itself", async (t) => {
    const { code, stderr } = await run(builder, [stack, "--out", out], { env, timeout, accept: [1] });
    t.equal(code, 1);
    t.match(stderr, /error: python: in the chroot .* failed \[command-failed\]/);
    t.match(stderr, /THESE PACKAGES DO NOT MATCH THE HASHES|[Hh]ash mismatch/);
    t.strictSame(readdirSync(temporary), []);
  });

  if (process.env.STACK_LONG === "true")
    t.test("--keep leaves the work folder, names it and the command that removes it", async (t) => {
      const { stderr } = await run(builder, [stack, "--out", out, "--keep"], { env, timeout, accept: [1] });
      const [kept = "none"] = readdirSync(temporary);
      t.match(stderr, `the work folder stays: ${join(temporary, kept)}`);
      t.match(readFileSync(join(temporary, kept, "rootfs/etc/debian_version"), "utf8"), /^12/);
      t.notMatch(readFileSync("/proc/self/mountinfo", "utf8"), temporary);
      const remove = /^remove it with: (.*)$/m.exec(stderr)?.[1] ?? "false";
      await run("sh", ["-c", remove]);
      t.strictSame(readdirSync(temporary), [], remove);
    });

  t.test("--shell opens a shell inside, where the failed command can be run again", async (t) => {
    const { text, code } = await onTerminal(`${builder} ${stack} --out ${out} --shell`, [
      "cat /etc/debian_version; ls /mnt; ls -d /proc/self /dev/null",
      "getent hosts localhost && echo named-$((6 * 7))",
      "exit 3",
    ]);
    t.equal(code, 1, "the build has failed all the same");
    t.match(text, /failed: {2}sh \/mnt\/build-venvs\.sh/);
    t.match(text, /^12\.\d+\r?$/m);
    t.match(text, /build-venvs\.sh/);
    t.match(text, /\/dev\/null {2}\/proc\/self/);
    t.match(text, "named-42");
    t.match(text.slice(text.indexOf("named-42")), /error: python: /, "the error is told again at the end");
    t.strictSame(readdirSync(temporary), [], "the work folder is gone");
    t.notMatch(readFileSync("/proc/self/mountinfo", "utf8"), temporary);
  });

  t.test("nothing was ever in the out folder", async (t) => {
    t.strictSame(existsSync(out) ? readdirSync(out) : [], []);
  });

  /** Types lines into a program on a terminal of its own, each when the shell's prompt is there. */
  async function onTerminal(command: string, lines: readonly string[]): Promise<{ text: string; code: number | null }> {
    const child = spawn("script", ["--quiet", "--return", "--command", command, "/dev/null"], { env });
    let text = "";
    child.stdout.on("data", (chunk: Buffer) => {
      text += chunk.toString();
    });
    const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
    let seen = 0;
    for (const line of lines) {
      await waitFor(
        async () => {
          if (child.exitCode !== null) throw new Error(text);
          return text.indexOf("(template) ", seen) !== -1;
        },
        { what: `the shell's prompt for ${line}, after:\n${text}`, timeout },
      );
      seen = text.length;
      child.stdin.write(`${line}\n`);
    }
    return { code: await ended, text };
  }
}

/** The default stack with one service whose lock names a wheel by a wrong hash. */
function brokenStack(folder: string): string {
  const text = readFileSync(join(project, "stack/stock-analysis.yaml"), "utf8");
  const source = join(folder, "broken");
  mkdirSync(source);
  writeFileSync(join(source, "app.py"), "");
  writeFileSync(join(source, "requirements.lock"), `idna==3.10 \\\n    --hash=sha256:${"0".repeat(64)}\n`);
  const path = join(folder, "stack.yaml");
  const broken = text.replace(/port: 8001$/m, "port: 8001\n    source: broken\n    module: app");
  if (broken === text) throw new Error("the default stack has no place for a source");
  writeFileSync(path, broken);
  return path;
}
