import type { AnyComponent, SlimSpec } from "./component.ts";
import { dependencies } from "./index.ts";

const all: readonly AnyComponent[] = dependencies;

/** Settings of the section `slim` that components bring, by name. */
export const componentSlim: Readonly<Record<string, SlimSpec>> = Object.assign({}, ...all.map(({ slim }) => slim));
