import { provisionComponent, startingComponent } from "./health-names.ts";
import { type DependencyName, dependencyNames, type Model } from "./model.ts";
import { stageIds } from "./stage-ids.ts";

/** What `stack-agent logs` shows under one name. */
export interface LogSource {
  readonly name: string;
  /** Units whose own words and whose starts and stops are shown. */
  readonly units: readonly string[];
  /** Name under which the agent tells of it: STACK_COMPONENT in the journal. */
  readonly component?: string;
}

/** Every name that logs can be asked for: the agent, its provisioning, databases, services, and the other stages. */
export function logSources(model: Pick<Model, DependencyName | "services">): readonly LogSource[] {
  const { postgres, redis, rabbitmq, services } = model;
  const units: Readonly<Record<string, readonly string[]>> = {
    postgres: postgres === undefined ? [] : [postgres.unit],
    redis: redis?.nodes.map(({ unit }) => unit) ?? [],
    rabbitmq: rabbitmq === undefined ? [] : [rabbitmq.unit],
    services: services.map(({ unit }) => unit),
  };
  const absent = dependencyNames.filter((name) => model[name] === undefined);
  return [
    { name: startingComponent, units: ["stack-agent.service"] },
    { name: provisionComponent, units: ["stack-provision.service"] },
    ...stageIds
      .filter((id) => !absent.some((name) => name === id))
      .map((id) => ({ name: id, units: units[id] ?? [], component: id })),
    ...services.map(({ name, unit }) => ({ name, units: [unit], component: name })),
  ];
}
