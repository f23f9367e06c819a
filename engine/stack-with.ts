import type { DependencyName, Model } from "../stack/model.ts";

/** The model of a stack that has this component. */
export type StackWith<Name extends DependencyName> = Model & { readonly [N in Name]: NonNullable<Model[N]> };
