/**
 * Runs test files, so many at once and begun in the order given, each as a process of its own, and writes what tap's
 * own runner does. That one loads a recorder into every test file and every Node that a test starts, which takes a
 * third of a second of a core each time, and keeps its books in the checkout, which a second run clears.
 *
 *   node test/run/run-files.ts --jobs=2 --timeout=SECONDS FILE...
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { parseArgs } from "node:util";

const { values, positionals } = parseArgs({
  options: { jobs: { type: "string", default: "1" }, timeout: { type: "string", default: "600" } },
  allowPositionals: true,
});
const waiting = [...positionals];
const running = new Set<ReturnType<typeof spawn>>();
let ended = 0;

// A terminal's Ctrl-C comes to each of them, and they take down what they set up.
process.on("SIGINT", () => waiting.splice(0));
process.on("SIGTERM", () => {
  waiting.splice(0);
  for (const child of running) child.kill();
});

process.stdout.write(`TAP version 14\n1..${positionals.length}\n`);
await Promise.all(Array.from({ length: Number(values.jobs) }, takeTurns));

async function takeTurns(): Promise<void> {
  for (let file = waiting.shift(); file !== undefined; file = waiting.shift()) await runFile(file);
}

async function runFile(file: string): Promise<void> {
  const started = performance.now();
  const env = { ...process.env, TAP: "1", TAP_CHILD_ID: file, TAP_TIMEOUT: values.timeout };
  const child = spawn(process.execPath, [file], { env, stdio: ["ignore", "pipe", "inherit"] });
  running.add(child);
  // It ends itself when its time is up, but for one that comes to nothing any more.
  const limit = setTimeout(() => child.kill("SIGKILL"), 2_000 * Number(values.timeout));
  const [said, [code, signal]] = await Promise.all([text(child.stdout), once(child, "close")]);
  clearTimeout(limit);
  running.delete(child);
  const lines = said.split("\n").filter((line) => line !== "" && !line.startsWith("TAP version"));
  const good = code === 0 && lines.length > 0;
  if (!good) process.exitCode = 1;
  ended += 1;
  const how = `${good ? "ok" : "not ok"} ${ended} - ${file} # time=${performance.now() - started}ms`;
  const why = good ? [] : ["  ---", `  ended with: ${signal ?? code}`, "  ..."];
  const report = [`# Subtest: ${file}`, ...lines.map((line) => `    ${line}`), how, ...why];
  process.stdout.write(report.map((line) => `${line}\n`).join(""));
}
