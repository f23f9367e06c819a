/** R11: faults at random moments of first boots, copies' first boots, later boots. `npm run cuts` plays more of them. */
import t from "tap";
import { drawRound } from "../cuts/draw-round.ts";
import { prepareSources, runRound, type Sources } from "../cuts/run-round.ts";
import { stackMachine } from "./stack-machine.ts";

t.setTimeout(20 * 60_000);

const seed = 174;
/** Eight rounds of a seed meet every fault and every place; of this one, every kind of boot too. */
const rounds = Number(process.env.STACK_CUTS ?? 8);

const pristine = await stackMachine(t, { memory: 2048 });
if (pristine !== undefined) {
  let sources: Sources | undefined;
  await t.test("a container that nothing disturbs is healthy, and is stopped to be copied", async (t) => {
    sources = await prepareSources(t, pristine);
  });
  for (let number = 0; number < rounds && sources !== undefined; number += 1) {
    await runRound(t, drawRound(seed, number), sources);
  }
}
