import type { CheckModel } from "../model.ts";
import type { CheckName, CheckSpec } from "./check-spec.ts";

/** A table of checks, each with whose state it tells: its name up to the colon. */
export function checkModels(
  checks: Readonly<Record<CheckName, CheckSpec>>,
  kind: CheckModel["kind"],
): readonly CheckModel[] {
  const entries = Object.entries(checks) as (readonly [CheckName, CheckSpec])[];
  return entries.map(([name, spec]) => ({ ...spec, name, component: checkedComponent(name), kind }));
}

/** Whose state a check tells: a component, a service, a part of the machine. */
export function checkedComponent(name: string): string {
  return name.slice(0, name.indexOf(":"));
}
