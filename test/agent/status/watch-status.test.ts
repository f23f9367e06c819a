import { spawn } from "node:child_process";
import { once } from "node:events";
import t from "tap";
import { statusReport } from "../../../agent/health/status-report.ts";
import type { Look } from "../../../agent/status/look.ts";
import { watchStatus } from "../../../agent/status/watch-status.ts";
import { systemClock } from "../../../lib/clock.ts";
import { StackError } from "../../../lib/error.ts";
import { result, snapshot } from "../health/snapshot.ts";

const healthy: Look = { status: statusReport(snapshot(), true), progress: undefined, trouble: undefined };
const refused = snapshot({ results: [result("redis", { status: "fail", code: "refused" })] });
const failing: Look = { ...healthy, status: statusReport(refused, true) };

/** What a watch of these looks writes, a text a write; it is interrupted at the last. */
async function watched(looks: readonly Look[], format: "table" | "json", rows?: number): Promise<string[]> {
  const stop = new AbortController();
  const texts: string[] = [];
  let next = 0;
  await watchStatus({
    look: async () => {
      const found = looks[next++];
      if (found !== undefined) return found;
      stop.abort();
      return new Promise(() => {});
    },
    clock: systemClock,
    format,
    output: {
      write: (text) => void texts.push(text),
      writeAside: () => {},
      colours: false,
      ...(rows === undefined ? {} : { rows: () => rows }),
    },
    signal: stop.signal,
    interval: 1,
  });
  return texts;
}

t.test("piped, a watch writes a line for each change and none for what stays", async (t) => {
  const lines = await watched([healthy, healthy, failing, failing], "table");
  const redis = lines.filter((line) => / s {2}redis: /.test(line)).map((line) => line.split("redis: ")[1]);
  t.same(redis, ["pass\n", "fail (refused)\n"]);
  t.equal(lines.filter((line) => line.includes("stage system")).length, 1);
  for (const line of lines) t.match(line, /^ *\d+\.\d s {2}[\w -]+: [^\n]+\n$/);
});

t.test("an agent that falls silent and comes back is told of, one that always answers is not", async (t) => {
  const silent: Look = { ...healthy, trouble: new StackError("agent-unreachable", "no answer") };
  const told = async (looks: readonly Look[]) =>
    (await watched(looks, "table"))
      .filter((line) => line.includes("  agent: "))
      .map((line) => line.split("agent: ")[1]);
  t.same(await told([healthy, silent, silent, healthy, silent]), [
    "does not answer\n",
    "answers again\n",
    "does not answer\n",
  ]);
  t.same(await told([healthy, healthy]), []);
});

t.test("on a terminal each look is drawn over the last and never scrolls", async (t) => {
  const screens = await watched([healthy, failing], "table", 100);
  t.equal(screens.length, 2);
  for (const screen of screens) t.ok(screen.startsWith("\u001b[H") && screen.endsWith("\u001b[J"));
  t.match(screens[1], /redis +fail +refused/);
  const [low = ""] = await watched([healthy], "table", 5);
  t.ok(low.split("\n").length <= 5);
  t.match(low, "…");
});

t.test("as JSON it is a document a line", async (t) => {
  const lines = await watched([healthy, failing], "json");
  t.same(
    lines.map((line) => JSON.parse(line).components.find(({ name }: { name: string }) => name === "redis").status),
    ["pass", "fail"],
  );
  for (const line of lines) t.equal(line.indexOf("\n"), line.length - 1);
});

const args = ["agent/cli.ts", "status", "--watch"];

t.test("Ctrl-C ends a watch with 0", async (t) => {
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  await once(child.stdout, "data");
  child.kill("SIGINT");
  t.same(await once(child, "exit"), [0, null]);
});

t.test("a watch that nobody reads any more ends", async (t) => {
  const child = spawn(process.execPath, [...args, "--format", "json"], { stdio: ["ignore", "pipe", "inherit"] });
  await once(child.stdout, "data");
  child.stdout.destroy();
  t.same(await once(child, "exit"), [0, null]);
});
