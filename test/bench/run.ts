import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { Command } from "commander";
import { removeMapped } from "../../builder/namespace.ts";
import { readCommandLine } from "../../lib/cli/command-line.ts";
import { describeError, ExitCode, messageOf } from "../../lib/error.ts";
import { writeFileAtomic } from "../../lib/files.ts";
import { run } from "../../lib/run.ts";
import { bringTools } from "../run/bring-tools.ts";
import { benchMachines } from "./agent/bench-machine.ts";
import { agentRows } from "./agent/rows.ts";
import { builderRows } from "./builder/rows.ts";
import { machine } from "./machine.ts";
import { judge, type Result, type Row } from "./row.ts";
import { table } from "./table.ts";

const written = resolve(import.meta.dirname, "../../bench/results.json");

const help = `
Every figure stands beside its reference, measured in the same run: on another machine only
their ratio means something. Nothing of this checkout is changed; builds are of a copy, with a
cache of their own. Results are also written to bench/results.json.

Exit codes: 0 every target met, 1 one missed or not measured, 64 usage.
`;

interface Flags {
  readonly only?: readonly string[];
  readonly repeats: string;
  readonly json?: true;
  readonly list?: true;
}

async function main(argv: readonly string[]): Promise<number> {
  const program = new Command("npm run bench --")
    .description("Measures the targets of this project and their references.")
    .option("--only <row...>", "only these rows")
    .option("--repeats <n>", "how often cold builds, boots and their references are measured", "2")
    .option("--json", "print the results as one JSON object")
    .option("--list", "print the rows' names and end")
    .addHelpText("after", help);
  const ended = readCommandLine(program, argv);
  if (ended !== undefined) return ended;
  const flags = program.opts<Flags>();
  const repeats = Number(flags.repeats);
  if (!Number.isInteger(repeats) || repeats < 1) return usage(`--repeats ${flags.repeats}: a whole number from 1`);
  const folder = await mkdtemp(join(tmpdir(), "stack-bench-"));
  const stop = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, () => stop.abort(signal));
  const machines = benchMachines(folder, stop.signal);
  try {
    // Each room's rows: one line here.
    const all = [
      ...builderRows({ folder, repeats, signal: stop.signal, log: tell }),
      ...agentRows({ machines, repeats, log: tell }),
    ];
    if (flags.list) {
      process.stdout.write(all.map(({ name, title }) => `${name}\t${title}\n`).join(""));
      return 0;
    }
    const unknown = flags.only?.find((name) => !all.some((row) => row.name === name));
    if (unknown !== undefined) {
      return usage(`no row ${unknown}; there are ${all.map(({ name }) => name).join(", ")}`);
    }
    await bringTools("mmdebstrap", "pigz", "python3", "pip", "newuidmap");
    const rows = all.filter(({ name }) => flags.only?.includes(name) ?? true);
    return await measureAll(rows, flags.json === true, stop.signal);
  } finally {
    await machines.close();
    await removeMapped(run, folder, []);
  }
}

async function measureAll(rows: readonly Row[], json: boolean, signal: AbortSignal): Promise<number> {
  const before = machine();
  const results: Result[] = [];
  for (const row of rows) {
    tell(`-- ${row.name}: ${row.title}`);
    results.push(await measured(row));
    if (signal.aborted) return ExitCode.interrupted;
  }
  const after = machine();
  const document = `${JSON.stringify({ schemaVersion: 1, machine: before, loadAfter: after.load, rows: results }, undefined, 2)}\n`;
  await writeFileAtomic(written, document);
  process.stdout.write(json ? document : `\n${table(results, before, after)}`);
  return results.every(({ verdict }) => verdict === "met" || verdict === "told") ? 0 : 1;
}

/** A row that can't be measured doesn't keep the others from it. */
async function measured(row: Row): Promise<Result> {
  try {
    return judge(row, await row.measure());
  } catch (error) {
    tell(describeError(error));
    const { name, title, target } = row;
    return { name, title, ...(target && { target }), verdict: "failed", error: messageOf(error) };
  }
}

function usage(message: string): number {
  process.stderr.write(`error: ${message} [usage]\n`);
  return ExitCode.usage;
}

function tell(line: string): void {
  process.stderr.write(`${line}\n`);
}

process.exitCode = await main(process.argv.slice(2));
