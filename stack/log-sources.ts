import { type DependencyName, dependencyNames } from "./components/names.ts";
import { provisionComponent, startingComponent } from "./health-groups.ts";
import type { Model } from "./model.ts";
import { type StageId, stageIds } from "./stage-ids.ts";

/** What `stack-agent logs` shows under one name. */
export interface LogSource {
  readonly name: string;
  /** Units whose own words and whose starts and stops are shown. */
  readonly units: readonly string[];
  /** Name under which the agent tells of it: STACK_COMPONENT in the journal. */
  readonly component?: string;
}

type NamedParts = Pick<Model, DependencyName | "services" | "cluster" | "backup" | "metrics">;

/** Every name that logs can be asked for: the agent, its provisioning, databases, services, and the other stages. */
export function logSources(model: NamedParts & Pick<Model, "units">): readonly LogSource[] {
  return [
    { name: startingComponent, units: ["stack-agent.service"] },
    { name: provisionComponent, units: ["stack-provision.service"] },
    ...presentStages(model).map((id) => ({ name: id, units: keptUnits(model, id), component: id })),
    ...model.services.map(({ name, unit, socket }) => ({ name, units: [unit, socket ?? []].flat(), component: name })),
  ];
}

/** Those names alone. */
export function logNames(model: NamedParts): readonly string[] {
  const services = model.services.map(({ name }) => name);
  return [startingComponent, provisionComponent, ...presentStages(model), ...services];
}

function presentStages(model: NamedParts): readonly StageId[] {
  const absent = ([...dependencyNames, "cluster", "backup", "metrics"] as const).filter(
    (name) => model[name] === undefined,
  );
  return stageIds.filter((id) => !absent.some((name) => name === id));
}

/** The units of a component that the agent keeps running. */
function keptUnits({ units }: Pick<Model, "units">, component: string): readonly string[] {
  return units.flatMap((one) => (one.running && one.component === component ? [one.unit] : []));
}
