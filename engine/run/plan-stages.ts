import { isStackError, messageOf, StackError } from "../../lib/error.ts";
import type { PlanDocument } from "../../stack/documents/plan.ts";
import type { Action } from "../action.ts";
import type { FactReader } from "../facts/fact-reader.ts";
import { foresee, isForeseen } from "../plan/foresee.ts";
import type { FailingServer, Plan, Stage, StageId } from "../stage.ts";
import type { EngineOptions } from "./engine-options.ts";
import { isWaiting, preflightError, problemError } from "./preflight.ts";
import { describeAction } from "./run-stage.ts";

type Looking = Pick<EngineOptions, "stages" | "reader" | "model" | "executors" | "signal" | "redact">;

/** `refused`: the stage has something against this machine; else its look failed. */
type Planned = { readonly plan: Plan } | { readonly error: StackError; readonly refused: boolean };

export interface PlanMore {
  /** With what is there and what will be. */
  readonly diff?: boolean;
  /** A machine that provisioning would refuse is refused, as it would be: no plan is made for it. */
  readonly refuse?: boolean;
}

/**
 * What provisioning would do, without doing it: each stage's first round. What can be seen
 * only after something else is done is listed as unseen.
 *
 * @throws StackError of a look that failed though nothing before it has anything to do; with
 *   `refuse` `preflight`
 */
export async function planStages(options: Looking, more: PlanMore = {}): Promise<PlanDocument> {
  const plans = await planEach(options, more.refuse === true);
  const planned = options.stages.map((stage) => ({ stage, outcome: plans.get(stage.id) }));
  const actions = planned.flatMap(({ stage, outcome }) =>
    actionsOf(outcome).map((action) => ({ stage: stage.id, action })),
  );
  const unseen = planned.flatMap(({ stage, outcome }) => {
    if (outcome === undefined || "plan" in outcome) return unseenOf(outcome).map((what) => `${stage.id}: ${what}`);
    if (actions.length === 0) throw outcome.error;
    return [`${stage.id}: ${outcome.error.message}`];
  });
  const failing = planned.flatMap(({ stage, outcome }) =>
    failingOf(outcome).map(({ unit, says, help }) => ({ stage: stage.id, unit, says: options.redact(says), help })),
  );
  return {
    actions: await Promise.all(
      actions.map(async ({ stage, action }) => {
        const diff = more.diff ? await diffOf(action, options.reader) : "";
        const what = whatOf(action, options);
        return { stage, do: action.do, what, why: action.why, ...(diff === "" ? {} : { diff }) };
      }),
    ),
    unseen,
    ...(failing.length === 0 ? {} : { failing }),
  };
}

/** Looks at all at once; and again, once their plans are known, where what a stage needs will change what it sees. */
async function planEach(options: Looking, refuse: boolean): Promise<ReadonlyMap<StageId, Planned>> {
  const early = new Map(
    await Promise.all(
      options.stages.map(async (stage) => [stage.id, await planStage(stage, options.reader, options)] as const),
    ),
  );
  const refused = options.stages.flatMap((stage) => {
    const planned = early.get(stage.id);
    return planned !== undefined && "error" in planned && planned.refused ? [{ stage, error: planned.error }] : [];
  });
  const error = refuse ? preflightError(refused) : undefined;
  if (error !== undefined) throw error;
  const { executors } = options;
  const before = new Map<StageId, readonly Action[]>();
  const plans = new Map<StageId, Planned>();
  // The list is in an order in which what is needed comes first.
  for (const stage of options.stages) {
    const needs = options.stages.filter(({ id }) => (stage.needs as readonly StageId[]).includes(id));
    const done = needs.flatMap(({ id }) => [...(before.get(id) ?? []), ...actionsOf(plans.get(id))]);
    before.set(stage.id, done);
    const known = early.get(stage.id);
    plans.set(
      stage.id,
      known !== undefined && !isForeseen(done, executors)
        ? known
        : await planStage(stage, foresee(options.reader, done, executors), options),
    );
  }
  return plans;
}

async function planStage(stage: Stage, reader: FactReader, { model, signal }: Looking): Promise<Planned> {
  try {
    const facts = await stage.inspect(reader, model, signal);
    const problem = problemError(stage.preflight(facts, model));
    if (problem !== undefined) return { error: problem, refused: !isWaiting(problem) };
    return { plan: stage.plan(facts, model) };
  } catch (error) {
    if (isStackError(error)) return { error, refused: false };
    return { error: new StackError("internal", messageOf(error), { cause: error }), refused: false };
  }
}

function actionsOf(planned: Planned | undefined): readonly Action[] {
  return planned !== undefined && "plan" in planned ? planned.plan.actions : [];
}

function unseenOf(planned: Planned | undefined): readonly string[] {
  return planned !== undefined && "plan" in planned ? planned.plan.unseen : [];
}

function failingOf(planned: Planned | undefined): readonly FailingServer[] {
  return planned !== undefined && "plan" in planned ? (planned.plan.failing ?? []) : [];
}

function whatOf(action: Action, { executors }: Looking): string {
  if (executors[action.do] === undefined) return "";
  return describeAction(action, executors).slice(action.do.length).trim();
}

async function diffOf(action: Action, reader: FactReader): Promise<string> {
  if (action.do === "writeFile") return reader.diff(action.args);
  return (action.diff ?? []).join("\n");
}
