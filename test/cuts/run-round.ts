import type { Test } from "tap";
import { describeError } from "../../lib/error.ts";
import { statusDocument } from "../../stack/documents/status.ts";
import type { Machine } from "../container/create-machine.ts";
import { identity } from "../container/identity.ts";
import { keep, planIsEmpty } from "../container/rows/reboot.ts";
import { becomesHealthy, endsHealthy, tellState } from "../container/stack-machine.ts";
import { describeRound, type Round } from "./draw-round.ts";
import { type Original, proveWhole, secretsNow } from "./prove-whole.ts";
import { strike } from "./strike.ts";

/** What rounds are copies of: a container never started, and one that came up undisturbed. Both stopped. */
export interface Sources extends Original {
  readonly pristine: Machine;
  readonly instance: Machine;
}

export interface RoundResult {
  readonly round: Round;
  readonly passed: boolean;
  /** Starts of the container until it was healthy, the one that was struck included. */
  readonly boots: number;
  /** From the kill, or from the last start, until healthy; undefined where it never was. */
  readonly seconds: number | undefined;
}

/** @param pristine never started; it is left so */
export async function prepareSources(t: Test, pristine: Machine): Promise<Sources> {
  const addressing = { kind: "dhcp" } as const;
  const instance = await pristine.copy({ hostname: "stock-analysis", addressing, machineId: "none", shared: true });
  await becomesHealthy(t, instance, await instance.start(), "a first boot that nothing disturbs");
  await planIsEmpty(t, instance);
  const { stages } = statusDocument.parse(JSON.parse(await instance.sh("stack-agent status --format json")));
  const each = stages.map(({ id, actions, seconds }) => `${id} ${actions} in ${seconds?.toFixed(2)} s`);
  t.comment(`its stages' actions: ${each.join(", ")}`);
  const kept = await keep(instance);
  const original = { identity: await identity(instance), kept };
  await instance.stop();
  return { pristine, instance, ...original };
}

/** One round as a subtest of its own. What fails is told with how to repeat it alone. */
export async function runRound(t: Test, round: Round, sources: Sources): Promise<RoundResult> {
  let outcome: Pick<RoundResult, "boots" | "seconds"> = { boots: 0, seconds: undefined };
  let passed = false;
  await t.test(`round ${round.number}: ${describeRound(round)}`, async (t) => {
    const machine = await copyFor(round, sources);
    try {
      outcome = await strikeAndRecover(t, machine, round, sources);
    } catch (error) {
      t.fail(describeError(error));
      await tellState(t, machine).catch(() => {});
    } finally {
      await machine.destroy();
    }
    passed = t.passing();
    if (!passed) t.comment(`again, alone: npm run cuts -- --seed ${round.seed} --round ${round.number}`);
  });
  return { round, passed, ...outcome };
}

function copyFor({ situation }: Round, { pristine, instance }: Sources): Promise<Machine> {
  const options = { hostname: "stock-analysis", addressing: { kind: "dhcp" }, shared: true } as const;
  if (situation === "first") return pristine.copy({ ...options, machineId: "none" });
  return instance.copy({ ...options, machineId: situation === "copy" ? "blank" : "kept" });
}

async function strikeAndRecover(
  t: Test,
  machine: Machine,
  round: Round,
  sources: Sources,
): Promise<Pick<RoundResult, "boots" | "seconds">> {
  const { fault, situation } = round;
  const hit = async (): Promise<void> => {
    const startedAt = await machine.start();
    t.comment(`struck: ${await strike(machine, round, startedAt)}`);
  };
  await hit();
  if (fault === "two power cuts") await hit();
  const before = await secretsNow(machine);
  const isStopped = ["power cut", "two power cuts", "shutdown"].includes(fault);
  const from = isStopped ? await machine.start() : performance.now();
  const healthy = isStopped
    ? await becomesHealthy(t, machine, from, "the next boot")
    : await endsHealthy(t, machine, from, "the same boot");
  if (healthy === undefined) return { boots: 0, seconds: undefined };
  await proveWhole(t, machine, situation, before, sources);
  if (!t.passing()) await tellState(t, machine);
  return { boots: isStopped ? (fault === "two power cuts" ? 3 : 2) : 1, seconds: Math.round(healthy / 10) / 100 };
}
