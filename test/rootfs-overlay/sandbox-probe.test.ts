import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join, resolve } from "node:path";
import t from "tap";
import { run } from "../../lib/run.ts";

const script = resolve("rootfs-overlay/usr/lib/stack-agent/sandbox-probe");

t.test("outside of any sandbox the probe can do what a process can, and keeps nothing of it", async (t) => {
  const folder = t.testdir({ secret: "word", empty: {}, full: { file: "" } });
  const programs = join(folder, "programs");
  mkdirSync(programs);
  writeFileSync(join(folder, "setting"), "");
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((listening) => server.once("listening", listening));
  t.teardown(() => server.close());
  const address = server.address();
  const port = typeof address === "object" ? (address?.port ?? 0) : 0;
  const asked = {
    readOnly: [folder, "/no-such-folder"],
    noExec: [programs, "/no-such-folder"],
    hidden: ["secret", "empty", "full", "missing"].map((name) => join(folder, name)),
    tunables: [join(folder, "setting"), "/no-such-setting"],
    addresses: [["127.0.0.1", port]],
  };
  const { stdout } = await run("python3", ["-I", script, JSON.stringify(asked)]);
  t.match(JSON.parse(stdout), {
    notReadOnly: [folder],
    runs: [programs],
    seen: ["secret", "full"].map((name) => join(folder, name)),
    tunables: [join(folder, "setting")],
    reached: [`127.0.0.1:${port}`],
    writableCode: true,
    systemCalls: Boolean,
    temporary: /^\d+:\d+$/,
  });
  t.strictSame(readdirSync(programs), [], "what it wrote is gone");
});
