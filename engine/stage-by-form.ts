import type { DependencyName, Model } from "../stack/model.ts";
import type { StageSpec } from "./stage.ts";

/** A component's stages beside its own one, by the form that a stack has it in. */
export interface StagesOfForms<Id extends DependencyName> {
  readonly external: StageSpec<Id, unknown>;
  readonly clustered?: StageSpec<Id, unknown>;
}

/**
 * A component's stage, by the stack: `own` where it has servers of its own, `external` where they are somebody else's,
 * `clustered` where its server is one of three (stack/components/form-of.ts). All are of one id, and whose facts are
 * whose follows from the model.
 */
export function stageByForm<Id extends DependencyName>(
  own: StageSpec<Id, unknown>,
  { external, clustered }: StagesOfForms<Id>,
): StageSpec<Id, unknown> {
  const of = ({ components }: Model): StageSpec<Id, unknown> => {
    const form = components.find(({ name }) => name === own.id);
    if (form?.external) return external;
    return (form?.clustered ? clustered : undefined) ?? own;
  };
  return {
    ...own,
    needs:
      clustered === undefined ? own.needs : [...own.needs, ...clustered.needs.filter((id) => !own.needs.includes(id))],
    checks: (model) => of(model).checks(model),
    inspect: (reader, model, signal) => of(model).inspect(reader, model, signal),
    preflight: (facts, model) => of(model).preflight(facts, model),
    plan: (facts, model) => of(model).plan(facts, model),
    reset: (facts, model, wish) => of(model).reset(facts, model, wish),
  };
}
