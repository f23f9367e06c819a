import { messageOf } from "../../lib/error.ts";
import { run } from "../../lib/run.ts";
import type { Terminal } from "./prove.ts";
import { type Counts, tapCounts } from "./tap-counts.ts";
import { readable } from "./tap-phase.ts";

interface LoneOptions {
  readonly terminal: Terminal;
  readonly env?: Readonly<Record<string, string>>;
  /** Words before Node's own. */
  readonly within?: readonly string[];
}

const limit = 1_200_000;
const anyCode = Array.from({ length: 256 }, (_, code) => code);

/**
 * Runs a test file by itself, as tap would: its report to the terminal, its counts back. For
 * beside a run of tap, which keeps its books in the checkout and clears them when it starts.
 */
export async function loneFile(file: string, { terminal, env = {}, within = [] }: LoneOptions): Promise<Counts> {
  const [command = "", ...args] = [...within, process.execPath, "--enable-source-maps", file];
  const started = Date.now();
  const counts = tapCounts();
  const lines: string[] = [];
  const onLine = (line: string, stream: "stdout" | "stderr"): void => {
    if (stream === "stderr") terminal.write(`${line}\n`);
    else if (!line.startsWith("TAP version")) lines.push(`    ${line}`);
  };
  const options = { timeout: limit, accept: anyCode, onLine, env: { ...process.env, ...env } };
  const good = await run(command, args, options).then(
    ({ code }) => code === 0,
    (error: unknown) => {
      terminal.write(`${messageOf(error)}\n`);
      return false;
    },
  );
  const seconds = (Date.now() - started) / 1000;
  const report = [`# Subtest: ${file}`, ...lines, `${good ? "ok" : "not ok"} 1 - ${file} # time=${seconds * 1000}ms`];
  counts.write(`TAP version 14\n1..1\n${report.join("\n")}\n`);
  terminal.write(readable(report.join("\n")));
  const result = counts.end();
  if (good || result.failed > 0) return result;
  return { ...result, failed: 1, failures: [`${file}: ended badly`] };
}
