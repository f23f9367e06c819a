import { loadStages } from "../../components/agent.ts";
import { planStages } from "../../engine/run/plan-stages.ts";
import type { Stage } from "../../engine/stage.ts";
import { ExitCode } from "../../lib/error.ts";
import type { Log } from "../../lib/log.ts";
import { run } from "../../lib/run.ts";
import { thisMachine } from "../machine/this-machine.ts";
import { loadModel } from "../model/load-model.ts";
import { presentStages } from "../stages/choose-stages.ts";
import { stackTraits } from "./stack-traits.ts";

export interface PlanReleaseOptions {
  /** The definition that would be in force. */
  readonly definition: string;
  readonly diff?: boolean;
  readonly log: Log;
  readonly signal: AbortSignal;
  readonly write: (text: string) => void;
}

/**
 * `stack-agent release plan`: what this program would do, were it in force with that definition. The services'
 * releases that it brings are not there yet.
 *
 * @throws StackError `definition-invalid` (64), `preflight`
 */
export async function planReleaseCommand({ definition, diff, write, ...options }: PlanReleaseOptions): Promise<number> {
  const model = await loadModel(definition);
  const stages = presentStages(await loadStages(), model).map(withoutMissingReleases);
  const machine = await thisMachine({ ...options, model, stages, run });
  const plan = await planStages(machine, { diff: diff === true, refuse: true });
  write(`${JSON.stringify({ schemaVersion: 1, plan, traits: stackTraits(model) })}\n`);
  return ExitCode.healthy;
}

function withoutMissingReleases(stage: Stage): Stage {
  if (stage.id !== "services" && stage.id !== "python") return stage;
  const preflight: Stage["preflight"] = (facts, model) =>
    stage.preflight(facts, model).filter(({ code }) => code !== "release-missing" && code !== "lock-missing");
  return { ...stage, preflight };
}
