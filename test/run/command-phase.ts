import { isStackError, messageOf } from "../../lib/error.ts";
import { commandLine, type RunOptions, run } from "../../lib/run.ts";
import type { Counts } from "./tap-counts.ts";

export interface CommandTest {
  readonly promise: string;
  readonly command: string;
  readonly args: readonly string[];
}

/** Runs commands that are tests in themselves: exit code 0 keeps the promise. */
export async function commandPhase(tests: readonly CommandTest[], options: RunOptions = {}): Promise<Counts> {
  const failures: string[] = [];
  for (const { promise, command, args } of tests) {
    try {
      await run(command, args, { timeout: 300_000, ...options });
      process.stdout.write(`ok - ${promise}\n`);
    } catch (error) {
      const detail = isStackError(error) ? error.detail : [];
      process.stdout.write(`not ok - ${promise}\n  ${commandLine(command, args)}\n`);
      for (const line of [messageOf(error), ...detail]) process.stdout.write(`  ${line}\n`);
      failures.push(promise);
    }
  }
  return { passed: tests.length - failures.length, failed: failures.length, skipped: [], failures };
}
