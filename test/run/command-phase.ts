import { type RunOptions, run } from "../../lib/run.ts";
import { prover } from "./prove.ts";
import type { Counts } from "./tap-counts.ts";

export interface CommandTest {
  readonly promise: string;
  readonly command: string;
  readonly args: readonly string[];
  /** Where it is run; default as all of them. */
  readonly cwd?: string;
}

/** Runs commands that are tests in themselves, all at once: exit code 0 keeps the promise. */
export async function commandPhase(tests: readonly CommandTest[], options: RunOptions = {}): Promise<Counts> {
  const { prove, counts } = prover(process.stdout);
  await Promise.all(
    tests.map(({ promise, command, args, cwd }) =>
      prove(promise, () => run(command, args, { timeout: 300_000, ...options, ...(cwd && { cwd }) })),
    ),
  );
  return counts();
}
