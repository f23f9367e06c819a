import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import t, { type Test } from "tap";
import { run } from "../../lib/run.ts";

const script = resolve("rootfs-overlay/usr/lib/stack-agent/restart-delay");

/** A unit's runtime folder, and a `sleep` that writes down how long it was asked for. */
function unit(t: Test) {
  const folder = mkdtempSync(join(tmpdir(), "restart-delay-"));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const slept = join(folder, "slept");
  writeFileSync(slept, "");
  writeFileSync(join(folder, "sleep"), `#!/bin/sh\necho "$1" >>'${slept}'\n`);
  chmodSync(join(folder, "sleep"), 0o755);
  const env = { ...process.env, RUNTIME_DIRECTORY: folder, PATH: `${folder}:${process.env.PATH}` };
  return {
    fails: async () => {
      await run(script, ["start", "true"], { env });
      await run(script, ["note"], { env });
    },
    isRestarted: async () => {
      await run(script, ["start", "true"], { env });
      await run(script, ["note"], { env: { ...env, SERVICE_RESULT: "success" } });
    },
    survivesAMinute: async () => {
      await run(script, ["start", "true"], { env });
      const [delay] = readFileSync(join(folder, "restart-delay"), "utf8").split(" ");
      const uptime = Math.floor(Number(readFileSync("/proc/uptime", "utf8").split(" ")[0]));
      writeFileSync(join(folder, "restart-delay"), `${delay} ${uptime - 60}\n`);
      await run(script, ["note"], { env });
    },
    delays: () => readFileSync(slept, "utf8").trim().split("\n").filter(Boolean).map(Number),
  };
}

t.test("the delay doubles from 1 s to 30 s and stays there", async (t) => {
  const service = unit(t);
  for (let start = 0; start < 8; start++) await service.fails();
  t.strictSame(service.delays(), [1, 2, 4, 8, 16, 30, 30]);
});

t.test("a minute of uptime starts it over", async (t) => {
  const service = unit(t);
  for (let start = 0; start < 4; start++) await service.fails();
  await service.survivesAMinute();
  await service.fails();
  t.strictSame(service.delays(), [1, 2, 4, 8, 1]);
});

t.test("a restart that a person asked for is not delayed, and forgets earlier failures", async (t) => {
  const service = unit(t);
  for (let start = 0; start < 3; start++) await service.fails();
  await service.isRestarted();
  await service.isRestarted();
  await service.fails();
  await service.fails();
  t.strictSame(service.delays(), [1, 2, 4, 1]);
});

t.test("the service itself takes the script's place, with its words and its exit code", async (t) => {
  const env = { ...process.env, RUNTIME_DIRECTORY: mkdtempSync(join(tmpdir(), "restart-delay-")) };
  t.teardown(() => rmSync(env.RUNTIME_DIRECTORY, { recursive: true }));
  const { stdout } = await run(script, ["start", "sh", "-c", 'echo "$0|$1|"', "a b", "*"], { env });
  t.match(stdout, /^a b\|\*\|/);
  await t.rejects(run(script, ["start", "sh", "-c", "exit 7"], { env }), { message: /exit code 7/ });
});

t.test("an unknown word is a usage error", async (t) => {
  const service = unit(t);
  t.strictSame(service.delays(), []);
  await t.rejects(run(script, ["later"], { env: { ...process.env, RUNTIME_DIRECTORY: tmpdir() } }), {
    message: /exit code 64/,
  });
});
