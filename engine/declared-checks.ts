import type { CheckName } from "../stack/components/check-spec.ts";
import type { Model } from "../stack/model.ts";
import type { Check, CheckOpener } from "./check.ts";

/** How checks are carried out, by the names that they are declared by. */
export type CheckOpeners<Name extends CheckName = CheckName> = { readonly [N in Name]: CheckOpener };

/** The checks of a stack that these carry out, in the order of their declarations. */
export function declaredChecks({ checks }: Pick<Model, "checks">, openers: Partial<CheckOpeners>): readonly Check[] {
  return checks.flatMap((declared) => {
    const open = openers[declared.name];
    return open === undefined ? [] : [{ ...declared, open }];
  });
}
