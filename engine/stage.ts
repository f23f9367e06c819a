import type { ComponentCheck } from "../stack/components/index.ts";
import type { DependencyName, Model } from "../stack/model.ts";
import { type StageId, stageIds } from "../stack/stage-ids.ts";
import type { Action } from "./action.ts";
import type { Check } from "./check.ts";
import { type CheckOpeners, declaredChecks } from "./declared-checks.ts";
import type { FactReader } from "./facts/fact-reader.ts";
import type { StackWith } from "./stack-with.ts";

/** The order they are shown in; `needs` decides what waits for what. */
export { type StageId, stageIds };

/** Why a stage can't begin, found before it touched anything. */
export interface Problem {
  readonly code: string;
  readonly message: string;
  readonly hint: string;
  /** Nothing is wrong: somebody has something to do first, or another machine. The stage waits, and fails nothing else. */
  readonly waits?: true;
}

export interface Plan {
  readonly actions: readonly Action[];
  /** What can't be seen before these actions are done, e.g. "roles and tables: PostgreSQL is not running yet". */
  readonly unseen: readonly string[];
  /** Servers that start again and again, and never come up. */
  readonly failing?: readonly FailingServer[];
}

export interface FailingServer {
  readonly unit: string;
  /** Its own last word of why; "" where it said nothing. */
  readonly says: string;
  /** The command that helps. */
  readonly help: string;
}

/** What a reset is asked for, and where. */
export interface ResetWish {
  /** Takes databases' and brokers' data, and the secrets that open them, too. */
  readonly data: boolean;
  /** Takes files too that are not as they were written. */
  readonly force: boolean;
  /** The machine is of the template: its files, units, users and environments were baked, and stay. */
  readonly baked: boolean;
}

export interface ResetPlan {
  readonly actions: readonly Action[];
  /** What stays although it is of the stack, and why: a sentence each. */
  readonly kept: readonly string[];
}

/**
 * A stage, as a declaration. Facts decide: nothing remembers that a stage was done.
 * `inspect` looks and never touches; `preflight` and `plan` are pure.
 */
export interface StageSpec<Id extends StageId, F, M = Model> {
  readonly id: Id;
  readonly title: string;
  readonly needs: readonly Exclude<StageId, Id>[];
  /** Whether this stack has anything for the stage to do. */
  present(model: Model): boolean;
  /** Must pass, beside an empty plan, before the stage counts as done. */
  checks(model: M): readonly Check[];
  inspect(reader: FactReader, model: M, signal: AbortSignal): Promise<F>;
  preflight(facts: F, model: M): readonly Problem[];
  plan(facts: F, model: M): Plan;
  /** What takes back what the stage has made; pure too, and nothing once it is taken back. */
  reset(facts: F, model: M, wish: ResetWish): ResetPlan;
}

/** A stage whose facts' type is its own matter: what the engine and the CLI see. */
export type Stage = { readonly [Id in StageId]: StageSpec<Id, unknown> }[StageId];

/** Declares a stage with its facts typed; gives it to the engine with them hidden. */
export function defineStage<Id extends StageId, F>(spec: StageSpec<Id, F>): StageSpec<Id, unknown> {
  return spec as StageSpec<Id, unknown>;
}

/** Declares the stage of a component, which there is where the stack has the component. */
export function defineComponentStage<Id extends DependencyName, F>(
  spec: Omit<StageSpec<Id, F, StackWith<Id>>, "present" | "checks"> & {
    checks(model: StackWith<Id>): CheckOpeners<ComponentCheck<Id>>;
  },
): StageSpec<Id, unknown> {
  const present = (model: Model): boolean => model[spec.id] !== undefined;
  const checks = (model: StackWith<Id>): readonly Check[] => declaredChecks(model, spec.checks(model));
  return { ...spec, present, checks } as StageSpec<Id, unknown>;
}
