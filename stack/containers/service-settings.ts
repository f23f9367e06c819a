import type { Variable } from "../components/process.ts";
import { servicesModel } from "../components/services/model.ts";
import type { BaseModel, DependencyName, Model, ServiceModel } from "../model.ts";
import { presentIn } from "../resolve.ts";

/** Settings by which a service finds what it needs, where each server is a container of its own on one network. */
export function serviceSettings(model: Model, { name, port }: Pick<ServiceModel, "name" | "port">): Variable[] {
  const own = model.components.filter(({ external }) => external !== true).map((component) => component.name);
  const placed = servicesModel({ ...model, ...addressedByName(model, own) }, presentIn(model.definition));
  const service = placed.find((one) => one.name === name);
  const hosts = hostsOf(model, own);
  const onNetwork = (text: string): string =>
    [...hosts].reduce((result, [address, host]) => result.replaceAll(address, host), text);
  return [
    { name: "STACK_NAME", value: model.name },
    { name: "SERVICE_NAME", value: name },
    { name: "SERVICE_HOST", value: "", why: "Empty: every address." },
    { name: "SERVICE_PORT", value: `${port}` },
    {
      name: "SERVICE_DEPENDENCIES",
      value: onNetwork(JSON.stringify(service?.dependencies ?? [])),
      why: "What it needs, as a table in JSON; settings of each follow.",
    },
    ...(service?.environment ?? []).map((variable) => ({ ...variable, value: onNetwork(variable.value) })),
  ];
}

/**
 * The name of a server's container on the network: its component's, and of several of a component the
 * port as well, `redis-6379`.
 */
export function containerName(component: DependencyName, port: number, several: boolean): string {
  return several ? `${component}-${port}` : component;
}

function addressedByName(model: Model, names: readonly DependencyName[]): Partial<BaseModel> {
  return Object.fromEntries(names.map((name) => [name, { ...model[name], address: name }]));
}

/** `redis:6380` → `redis-6380:6380`, of the components that have several servers. */
function hostsOf(model: Model, names: readonly DependencyName[]): Map<string, string> {
  const nodes = model.redis?.nodes ?? [];
  if (!names.includes("redis") || nodes.length < 2) return new Map();
  return new Map(nodes.map(({ port }) => [`redis:${port}`, `${containerName("redis", port, true)}:${port}`]));
}
