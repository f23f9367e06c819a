import type { EngineOptions } from "../../engine/run/engine-options.ts";
import { planStages } from "../../engine/run/plan-stages.ts";
import type { Stage, StageId } from "../../engine/stage.ts";
import { isStackError } from "../../lib/error.ts";
import type { Fields } from "../../lib/log.ts";

/** A stage that others need, and that is not done. */
export interface UnmetNeed {
  readonly message: string;
  readonly fields: Fields;
}

/**
 * Looks whether the stages that the chosen ones need are done, where they are not chosen
 * themselves: provisioning takes them as done.
 *
 * @param all the stack's stages, those needed before those that need them
 */
export async function findUnmetNeeds(options: EngineOptions, all: readonly Stage[]): Promise<readonly UnmetNeed[]> {
  const needed = neededBy(options.stages, all);
  const found = await Promise.all(
    needed.map(async (stage): Promise<UnmetNeed[]> => {
      const why = await unfinished(stage, options);
      if (why === undefined) return [];
      const message = `${stage.id} is needed, and not done: ${why} (stack-agent provision --from ${stage.id})`;
      return [{ message, fields: { STACK_STAGE: stage.id, STACK_COMPONENT: stage.id } }];
    }),
  );
  return found.flat();
}

/** What the chosen stages need, and what that needs, without the chosen. */
export function neededBy(chosen: readonly Stage[], all: readonly Stage[]): readonly Stage[] {
  const needed = new Set<StageId>(chosen.flatMap(({ needs }) => needs));
  for (const stage of all.toReversed()) {
    if (needed.has(stage.id)) for (const need of stage.needs) needed.add(need);
  }
  return all.filter((stage) => needed.has(stage.id) && !chosen.includes(stage));
}

async function unfinished(stage: Stage, options: EngineOptions): Promise<string | undefined> {
  try {
    const { actions, unseen } = await planStages({ ...options, stages: [stage] });
    const todo = [...actions.map(({ do: action, what }) => `${action} ${what}`.trim()), ...unseen];
    return todo.length === 0 ? undefined : todo.join("; ");
  } catch (error) {
    if (isStackError(error)) return error.message;
    throw error;
  }
}
