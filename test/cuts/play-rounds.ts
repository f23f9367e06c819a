import t from "tap";
import { stackMachine } from "../container/stack-machine.ts";
import type { Round } from "./draw-round.ts";
import { prepareSources, type RoundResult, runRound } from "./run-round.ts";

/**
 * Plays rounds one after the other, as tests of this process: TAP on standard error.
 * Containers and network are gone when the process ends.
 */
export async function playRounds(template: string, rounds: readonly Round[]): Promise<readonly RoundResult[]> {
  process.env.STACK_TEMPLATE = template;
  const results: RoundResult[] = [];
  t.pipe(process.stderr);
  t.setTimeout(0);
  await t.test("rounds", async (t) => {
    const pristine = await stackMachine(t, { memory: 2048 });
    if (pristine === undefined) return;
    const sources = await prepareSources(t, pristine);
    let interrupted = false;
    for (const signal of ["SIGINT", "SIGTERM"] as const) {
      process.once(signal, () => {
        interrupted = true;
      });
    }
    for (const round of rounds) {
      const result = await runRound(t, round, sources);
      // Its container was taken down under it: that says nothing.
      if (interrupted) break;
      results.push(result);
    }
  });
  return results;
}
