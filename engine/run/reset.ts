import { StackError } from "../../lib/error.ts";
import type { ResetDocument } from "../../stack/documents/reset.ts";
import type { Action } from "../action.ts";
import type { ResetPlan, ResetWish, Stage } from "../stage.ts";
import type { EngineOptions } from "./engine-options.ts";
import { actionError, describeAction, throwIfStopped } from "./run-stage.ts";

type ResetOptions = Pick<EngineOptions, "stages" | "reader" | "io" | "model" | "executors" | "log" | "signal">;

/** What a reset would do, without doing it; the last stage first. */
export async function planReset(options: ResetOptions, wish: ResetWish): Promise<ResetDocument> {
  const stages = options.stages.toReversed();
  const plans = await Promise.all(stages.map((stage) => planStage(stage, options, wish)));
  return {
    actions: stages.flatMap((stage, index) =>
      (plans[index]?.actions ?? []).map((action) => told(stage, action, options)),
    ),
    kept: plans.flatMap(({ kept }) => kept),
  };
}

/**
 * Takes the stages back, one after the other, the last first. It may be stopped or killed at
 * any time: the next one goes on.
 *
 * @returns what was done
 * @throws StackError of the action that failed; `reset-incomplete` where something is still there; `aborted`
 */
export async function runReset(options: ResetOptions, wish: ResetWish): Promise<ResetDocument> {
  const document: ResetDocument = { actions: [], kept: [] };
  for (const stage of options.stages.toReversed()) {
    const { actions, kept } = await planStage(stage, options, wish);
    for (const action of actions) {
      throwIfStopped(options.signal);
      await apply(stage, action, options);
      document.actions.push(told(stage, action, options));
    }
    document.kept.push(...kept);
    // Folders that hold something of somebody's stay, and would be tried again for ever.
    const left = (await planStage(stage, options, wish)).actions.filter((action) => action.do !== "removeFolders");
    if (left.length > 0) {
      throw new StackError("reset-incomplete", `${stage.id}: something is still there that was taken away`, {
        detail: left.map((action) => `${describeAction(action, options.executors)}: ${action.why}`),
        hint: "something else makes it again: systemctl list-units --state=running, stack-agent reset --plan",
      });
    }
  }
  return document;
}

async function planStage(stage: Stage, { reader, model, signal }: ResetOptions, wish: ResetWish): Promise<ResetPlan> {
  return stage.reset(await stage.inspect(reader, model, signal), model, wish);
}

async function apply(stage: Stage, action: Action, { executors, io, log }: ResetOptions): Promise<void> {
  const what = describeAction(action, executors);
  const fields = { STACK_STAGE: stage.id, STACK_COMPONENT: stage.id };
  const { apply } = executors[action.do] as { apply: (args: Action["args"], using: typeof io) => Promise<void> };
  log("info", `${stage.id}: ${what} (${action.why})`, fields);
  try {
    await apply(action.args, { ...io, tell: (text) => log("debug", text, fields) });
  } catch (error) {
    throw actionError(`${stage.id}: ${what}`, error);
  }
}

function told(stage: Stage, action: Action, { executors }: ResetOptions): ResetDocument["actions"][number] {
  const what = describeAction(action, executors).slice(action.do.length).trim();
  return { stage: stage.id, do: action.do, what, why: action.why };
}
