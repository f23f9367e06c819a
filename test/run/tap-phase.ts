import { spawn } from "node:child_process";
import { glob } from "node:fs/promises";
import { type Counts, nothingCounted, tapCounts } from "./tap-counts.ts";

export interface TapOptions {
  /** Test files at once; default: 2. tap itself would leave a core idle, on a machine of two. */
  readonly jobs?: number;
  /** Files that are left out. */
  readonly without?: readonly string[];
  /** Words before tap's own: what runs it somewhere else. */
  readonly within?: readonly string[];
  /** Seconds a test file may take. */
  readonly timeout?: number;
  readonly env?: Readonly<Record<string, string>>;
}

/** Runs test files, the `*.test.ts` under some folders or single ones, with tap: its report to the terminal, its counts back. */
export async function tapPhase(places: readonly string[], options: TapOptions = {}): Promise<Counts> {
  const files: string[] = [];
  for (const place of places) {
    for await (const file of glob(place.endsWith(".test.ts") ? place : `${place}/**/*.test.ts`)) files.push(file);
  }
  const named = files.filter((name) => !options.without?.includes(name));
  if (named.length === 0) return { ...nothingCounted, failed: 1, failures: [`no tests in ${places.join(", ")}`] };
  const args = [`--jobs=${options.jobs ?? 2}`, "--reporter=tap", `--timeout=${options.timeout ?? 600}`, ...named];
  const [command = "", ...rest] = [...(options.within ?? []), "node_modules/.bin/tap", ...args];
  const child = spawn(command, rest, {
    env: { ...process.env, ...options.env, FORCE_COLOR: "0" },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const counts = tapCounts();
  child.stdout.setEncoding("utf8");
  child.stdout.on("data", (chunk: string) => {
    counts.write(chunk);
    process.stdout.write(readable(chunk));
  });
  const code = await new Promise<number>((resolve) => child.once("close", (exit) => resolve(exit ?? 1)));
  const result = counts.end();
  if (code === 0 || result.failed > 0) return result;
  return { ...result, failed: 1, failures: [`tap ended with ${code}`] };
}

/** Files and promises only, with diagnostics of failures; single assertions that held are noise. */
export function readable(chunk: string): string {
  return chunk
    .split("\n")
    .filter((line) => line !== "" && !/^ {8,}ok |^ *1\.\.\d+|^ *# Subtest|^ *[{}]$/.test(line))
    .map((line) => `${line}\n`)
    .join("");
}
