import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { journalMatches } from "../../../agent/logs/journal-matches.ts";
import { journalArguments } from "../../../agent/logs/logs-command.ts";
import { logSources } from "../../../stack/log-sources.ts";
import { stackModel } from "../../stack/stack-model.ts";

const sources = logSources(stackModel());
const matches = (name: string): string => journalMatches(sources.filter((one) => one.name === name)).join(" ");

t.test("a component's log is its units' words, systemd's of them, and the agent's of it", async (t) => {
  t.equal(
    matches("redis"),
    "_SYSTEMD_UNIT=redis-server@6379.service _SYSTEMD_UNIT=redis-server@6380.service _SYSTEMD_UNIT=redis-server@6381.service " +
      "+ UNIT=redis-server@6379.service UNIT=redis-server@6380.service UNIT=redis-server@6381.service _PID=1 " +
      "+ STACK_COMPONENT=redis",
  );
  t.match(matches("event-bus"), /^_SYSTEMD_UNIT=stock-analysis-event-bus\.service .* STACK_COMPONENT=event-bus$/);
  t.equal(matches("python"), "STACK_COMPONENT=python", "a stage without units");
});

t.test("journalctl understands the matches of every name", async (t) => {
  for (const { name } of sources) {
    const args = [...journalArguments(sources, { component: name, lines: "1" }).filter((arg) => arg !== "--boot")];
    // An empty folder of journals: only what the arguments mean is asked.
    const { status, stderr } = spawnSync("journalctl", ["--directory", t.testdirName, ...args], { encoding: "utf8" });
    t.notMatch(stderr, /[Ii]nvalid|[Ff]ailed to add|unrecognized/, `${name}: ${status}`);
  }
});

t.test("options are journalctl's; without --since it is this boot", async (t) => {
  const options = (given: object) => journalArguments(sources, { component: "python", ...given }).slice(0, -1);
  t.same(options({}), ["--no-hostname", "--boot"]);
  t.same(options({ since: "-1h", follow: true, lines: "5" }), [
    "--no-hostname",
    "--since=-1h",
    "--follow",
    "--lines=5",
  ]);
  t.throws(() => journalArguments(sources, { component: "kafka" }), {
    code: "no-such-component",
    exit: 64,
    hint: /redis.*event-bus/,
  });
});

/** `stack-agent logs` with a journalctl of the test's own on the PATH. */
function logs(folder: string, journalctl: string) {
  writeFileSync(join(folder, "journalctl"), `#!/bin/sh\n${journalctl}\n`, { mode: 0o755 });
  const program = `import("${join(process.cwd(), "agent/logs/logs-command.ts")}").then(async ({ logsCommand }) => {
    process.exitCode = await logsCommand({ component: "redis", definitionPath: "stack/stock-analysis.yaml" });
  });`;
  const env = { ...process.env, PATH: `${folder}:${process.env.PATH}` };
  return spawn(process.execPath, ["-e", program], { env, stdio: ["ignore", "pipe", "inherit"] });
}

t.test("it ends as journalctl ends, and a SIGINT meant for journalctl does not end it first", async (t) => {
  const failing = logs(t.testdir({}), "exit 7");
  t.same(await once(failing, "exit"), [7, null]);
  const child = logs(t.testdir({}), "echo started; sleep 1; echo ended");
  let text = "";
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
    if (text === "") child.kill("SIGINT");
    text += chunk;
  });
  t.same(await once(child, "close"), [0, null]);
  t.equal(text, "started\nended\n");
});

t.test("SIGTERM takes journalctl along", async (t) => {
  const child = logs(t.testdir({}), "echo $$; exec sleep 600");
  const [pid] = await once(child.stdout, "data");
  child.kill("SIGTERM");
  t.same(await once(child, "exit"), [143, null]);
  t.throws(() => process.kill(Number(pid), 0), { code: "ESRCH" });
});
