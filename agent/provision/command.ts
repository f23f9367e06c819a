import { ExitCode, StackError } from "../../lib/error.ts";
import type { Log } from "../../lib/log.ts";
import { run } from "../../lib/run.ts";
import type { ProgressDocument } from "../../stack/documents/progress.ts";
import { planStages } from "../engine/plan-document.ts";
import { definitionPath, loadModel } from "../model.ts";
import { stages } from "../stages/index.ts";
import { chooseStages } from "./choose-stages.ts";
import { thisMachine } from "./machine.ts";
import { printPlan } from "./print-plan.ts";
import { provision } from "./provision.ts";

export interface ProvisionCommandOptions {
  readonly plan?: boolean;
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
 * @returns 0 done or nothing to do, or planned; 1 a stage failed
 * @throws StackError usage (64), `not-root`, `already-running`, `preflight`, `aborted`
 */
export async function provisionCommand(options: ProvisionCommandOptions): Promise<number> {
  if (options.userId !== 0) {
    throw new StackError("not-root", "stack-agent provision must be run as root", {
      hint: "sudo stack-agent provision; stack-agent status needs no root",
    });
  }
  const model = await loadModel({ definitionPath });
  const chosen = chooseStages(stages, model, options);
  const machine = thisMachine({ model, stages: chosen, run, log: options.log, signal: options.signal });
  if (options.plan) {
    const plan = await planStages(machine);
    options.write(options.json ? `${JSON.stringify(plan)}\n` : printPlan(plan));
    return ExitCode.healthy;
  }
  const document = await provision(machine);
  if (options.json) options.write(`${JSON.stringify(document)}\n`);
  else options.write(summary(document));
  return document.state === "done" ? ExitCode.healthy : ExitCode.failed;
}

function summary(document: ProgressDocument): string {
  const actions = document.stages.reduce((sum, stage) => sum + stage.actions, 0);
  const seconds = (Date.parse(document.finishedAt ?? document.startedAt) - Date.parse(document.startedAt)) / 1000;
  const failed = document.stages.filter((stage) => stage.status !== "done");
  const hints = failed.flatMap(({ error }) => (error?.hint === undefined ? [] : [`hint: ${error.hint}`]));
  if (failed.length === 0) return `Provisioned in ${seconds.toFixed(1)} s, ${actions} actions.\n`;
  return `${[`Not provisioned: ${failed.map((stage) => stage.id).join(", ")}.`, ...hints].join("\n")}\n`;
}
