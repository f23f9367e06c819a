import { isStackError, messageOf, StackError } from "../../lib/error.ts";
import type { PlanDocument } from "../../stack/documents/plan.ts";
import type { EngineOptions } from "./engine.ts";
import { describeAction, problemError } from "./run-stage.ts";
import type { Plan, Stage } from "./stage.ts";

/**
 * What provisioning would do, without doing it. What can be seen only after something else
 * is done is listed as unseen.
 *
 * @throws StackError of a look that failed though nothing before it has anything to do
 */
export async function planStages(
  options: Pick<EngineOptions, "stages" | "eyes" | "model" | "executors" | "signal">,
): Promise<PlanDocument> {
  const plans = await Promise.all(options.stages.map((stage) => planStage(stage, options)));
  const actions = options.stages.flatMap((stage, index) =>
    (plans[index]?.plan?.actions ?? []).map((action) => ({
      stage: stage.id,
      do: action.do,
      what:
        options.executors[action.do] === undefined
          ? ""
          : describeAction(action, options.executors).slice(action.do.length).trim(),
      why: action.why,
    })),
  );
  const unseen = options.stages.flatMap((stage, index) => {
    const planned = plans[index];
    if (planned?.error === undefined) return (planned?.plan?.unseen ?? []).map((what) => `${stage.id}: ${what}`);
    if (actions.length === 0) throw planned.error;
    return [`${stage.id}: ${planned.error.message}`];
  });
  return { actions, unseen };
}

async function planStage(
  stage: Stage,
  { eyes, model, signal }: Pick<EngineOptions, "eyes" | "model" | "signal">,
): Promise<{ readonly plan?: Plan; readonly error?: StackError }> {
  try {
    const facts = await stage.inspect(eyes, model, signal);
    const problem = problemError(stage.preflight(facts, model));
    if (problem !== undefined) return { error: problem };
    return { plan: stage.plan(facts, model) };
  } catch (error) {
    if (isStackError(error)) return { error };
    return { error: new StackError("internal", messageOf(error), { cause: error }) };
  }
}
