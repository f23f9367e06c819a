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
    for (const round of rounds) results.push(await runRound(t, round, sources));
  });
  return results;
}
