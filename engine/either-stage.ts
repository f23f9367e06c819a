import type { DependencyName, Model } from "../stack/model.ts";
import type { StageSpec } from "./stage.ts";

/**
 * A component's stage, by the stack: `own` where it has servers of its own, `external` where they are somebody else's
 * (stack/components/form-of.ts). Both are of one id, and whose facts are whose follows from the model.
 */
export function eitherStage<Id extends DependencyName>(
  own: StageSpec<Id, unknown>,
  external: StageSpec<Id, unknown>,
): StageSpec<Id, unknown> {
  const of = ({ components }: Model): StageSpec<Id, unknown> =>
    components.some((one) => one.name === own.id && one.external) ? external : own;
  return {
    ...own,
    checks: (model) => of(model).checks(model),
    inspect: (reader, model, signal) => of(model).inspect(reader, model, signal),
    preflight: (facts, model) => of(model).preflight(facts, model),
    plan: (facts, model) => of(model).plan(facts, model),
    reset: (facts, model, wish) => of(model).reset(facts, model, wish),
  };
}
