import { type Stage, type StageId, stageIds } from "../../engine/stage.ts";
import { ExitCode, StackError } from "../../lib/error.ts";
import type { Model } from "../../stack/model.ts";

export interface StageChoice {
  /** This stage alone. */
  readonly only?: string;
  /** This stage and all that need it. */
  readonly from?: string;
}

/** The stages this stack has anything to do for. */
export function presentStages(all: readonly Stage[], model: Model): readonly Stage[] {
  return all.filter((stage) => stage.present(model));
}

/**
 * The stages of this stack that are asked for; without a choice, all of them.
 *
 * @throws StackError `no-such-stage`, `usage`; exit 64
 */
export function chooseStages(all: readonly Stage[], model: Model, choice: StageChoice): readonly Stage[] {
  const present = presentStages(all, model);
  if (choice.only !== undefined && choice.from !== undefined) {
    throw new StackError("usage", "--only and --from exclude each other", { exit: ExitCode.usage });
  }
  if (choice.only !== undefined) return [named(present, choice.only)];
  if (choice.from === undefined) return present;
  const chosen = new Set<StageId>([named(present, choice.from).id]);
  // The list is in an order in which what is needed comes first.
  for (const stage of present) if (stage.needs.some((need) => chosen.has(need))) chosen.add(stage.id);
  return present.filter((stage) => chosen.has(stage.id));
}

function named(present: readonly Stage[], id: string): Stage {
  const stage = present.find((candidate) => candidate.id === id);
  if (stage !== undefined) return stage;
  const known = (stageIds as readonly string[]).includes(id);
  throw new StackError("no-such-stage", known ? `this stack has no stage ${id}` : `there is no stage "${id}"`, {
    hint: `stages are ${present.map((candidate) => candidate.id).join(", ")}`,
    exit: ExitCode.usage,
  });
}
