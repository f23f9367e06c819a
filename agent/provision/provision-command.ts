import { loadStages } from "../../components/agent.ts";
import { planStages } from "../../engine/run/plan-stages.ts";
import type { Stage } from "../../engine/stage.ts";
import { ExitCode } from "../../lib/error.ts";
import type { Log } from "../../lib/log.ts";
import { run } from "../../lib/run.ts";
import type { ProgressDocument } from "../../stack/documents/progress.ts";
import { requireRoot } from "../cli/require-root.ts";
import { thisMachine } from "../machine/this-machine.ts";
import { loadModel } from "../model/load-model.ts";
import { chooseStages, presentStages } from "../stages/choose-stages.ts";
import { refuseCutOff, settleTrial } from "../trial/settle-trial.ts";
import { findUnmetNeeds } from "./needs.ts";
import { printPlan } from "./print-plan.ts";
import { provision } from "./provision.ts";

export interface ProvisionCommandOptions {
  readonly plan?: boolean;
  /** The plan with what is there and what will be. */
  readonly diff?: boolean;
  readonly json?: boolean;
  readonly only?: string;
  readonly from?: string;
  readonly log: Log;
  readonly signal: AbortSignal;
  /** Standard output. */
  readonly write: (text: string) => void;
  /** Of this process; undefined where the system has none. */
  readonly userId: number | undefined;
}

/**
 * `stack-agent provision`.
 *
 * @returns 0 done or nothing to do, or planned; 1 a stage failed; 2 the stages asked for are
 *   done, one that they need is not; 3 a stage waits for somebody, or for another machine
 * @throws StackError usage (64), `not-root`, `already-running`, `preflight`, `aborted`
 */
export async function provisionCommand(options: ProvisionCommandOptions): Promise<number> {
  requireRoot("provision", options.userId);
  const looking = options.plan === true || options.diff === true;
  if (looking) await refuseCutOff(run);
  else {
    const settled = await settleTrial({ run, log: options.log, args: process.argv.slice(2) });
    if (settled !== undefined) return settled;
  }
  const model = await loadModel();
  const stages = await loadStages();
  const chosen = chooseStages(stages, model, options);
  const all = presentStages(stages, model);
  const machine = await thisMachine({ model, stages: chosen, run, log: options.log, signal: options.signal });
  if (looking) {
    const plan = await planStages(machine, { diff: options.diff === true, refuse: true });
    options.write(options.json ? `${JSON.stringify(plan)}\n` : printPlan(plan));
    return ExitCode.healthy;
  }
  const unmet = await findUnmetNeeds(machine, all);
  for (const { message, fields } of unmet) options.log("warning", message, fields);
  const document = await provision(machine, all);
  if (options.json) options.write(`${JSON.stringify(document)}\n`);
  else options.write(summary(document, chosen));
  if (failedOf(document, chosen).length > 0) return document.state === "waiting" ? ExitCode.working : ExitCode.failed;
  return unmet.length > 0 ? ExitCode.degraded : ExitCode.healthy;
}

function failedOf(document: ProgressDocument, chosen: readonly Stage[]): ProgressDocument["stages"] {
  return document.stages.filter(({ id, status }) => status !== "done" && chosen.some((stage) => stage.id === id));
}

/** How it ended, as a person reads it. */
export function summary(document: ProgressDocument, chosen: readonly Stage[]): string {
  const own = document.stages.filter(({ id }) => chosen.some((stage) => stage.id === id));
  const actions = own.reduce((sum, stage) => sum + stage.actions, 0);
  const seconds = (Date.parse(document.finishedAt ?? document.startedAt) - Date.parse(document.startedAt)) / 1000;
  const failed = failedOf(document, chosen);
  const others = document.stages.filter((stage) => stage.status !== "done" && !own.includes(stage));
  const hints = failed.flatMap(({ error }) => (error?.hint === undefined ? [] : [`hint: ${error.hint}`]));
  const ids = (list: ProgressDocument["stages"]): string => list.map((stage) => stage.id).join(", ");
  return `${[
    failed.length === 0
      ? `Provisioned in ${seconds.toFixed(1)} s, ${actions} actions.`
      : `Not provisioned: ${ids(failed)}.`,
    ...new Set(hints),
    ...(document.setAside ?? []).map((one) => `Set aside, damaged: ${one}.`),
    ...(others.length === 0 ? [] : [`Not asked for, and not done: ${ids(others)}.`]),
  ].join("\n")}\n`;
}
