import { spawn } from "node:child_process";
import { once } from "node:events";
import { glob } from "node:fs/promises";
import { createInterface } from "node:readline";
import type { Terminal } from "./prove.ts";
import { type Counts, nothingCounted, tapCounts } from "./tap-counts.ts";

export interface TapOptions {
  /** Test files at once; default: 2. */
  readonly jobs?: number;
  /** Files that are left out. */
  readonly without?: readonly string[];
  /** Words before the runner's own: what runs it somewhere else. */
  readonly within?: readonly string[];
  /** Seconds a test file may take. */
  readonly timeout?: number;
  readonly env?: Readonly<Record<string, string>>;
  readonly terminal?: Terminal;
}

/**
 * Runs test files, the `*.test.ts` under some folders or single ones, each once, begun in the places' order: their
 * report to the terminal, its counts back.
 */
export async function tapPhase(places: readonly string[], options: TapOptions = {}): Promise<Counts> {
  const { jobs = 2, without = [], within = [], timeout = 600, env, terminal = process.stdout } = options;
  const files = new Set<string>();
  for (const place of places) {
    const found: string[] = [];
    for await (const file of glob(place.endsWith(".test.ts") ? place : `${place}/**/*.test.ts`)) found.push(file);
    for (const file of found.sort()) files.add(file);
  }
  const named = [...files].filter((name) => !without.includes(name));
  if (named.length === 0) return { ...nothingCounted, failed: 1, failures: [`no tests in ${places.join(", ")}`] };
  const runner = ["node_modules/.bin/node", "test/run/run-files.ts", `--jobs=${jobs}`, `--timeout=${timeout}`];
  const [command = "", ...rest] = [...within, ...runner, ...named];
  const child = spawn(command, rest, {
    env: { ...process.env, ...env, FORCE_COLOR: "0" },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const closed = once(child, "close");
  const counts = tapCounts();
  for await (const line of createInterface({ input: child.stdout })) {
    counts.write(`${line}\n`);
    if (!isNoise.test(line)) terminal.write(`${line}\n`);
  }
  const [code] = await closed;
  const result = counts.end();
  if (code === 0 || result.failed > 0) return result;
  return { ...result, failed: 1, failures: [`the tests' runner ended with ${code}`] };
}

/** Shown are files and promises, with diagnostics of failures; not single assertions that held. */
const isNoise = /^$|^TAP version|^ {8,}ok |^ *1\.\.\d+|^ *# Subtest|^ *[{}]$/;
