import { reservedNames } from "../health-names.ts";
import type { Fault } from "./parse.ts";

interface Claim {
  readonly port: number;
  readonly who: string;
  readonly path: readonly PropertyKey[];
}

/** Ports that belong to no setting. */
const fixed: readonly Claim[] = [
  { port: 4369, who: "RabbitMQ's port mapper epmd", path: [] },
  { port: 25672, who: "RabbitMQ's distribution", path: [] },
];

/**
 * What is wrong between settings that are each fine alone. Looks at the data as it was
 * read, valid or not, so that these faults come together with the schema's.
 */
export function conflicts(data: unknown): Fault[] {
  const root = asRecord(data);
  return [
    ...portConflicts(root),
    ...takenNames(root),
    ...absentNeeds(root),
    ...idleQueues(root),
    ...idleVolumes(root),
    ...nothingToRun(root),
  ];
}

function portConflicts(root: Record<string, unknown>): Fault[] {
  const taken = new Map(fixed.map((claim) => [claim.port, claim.who]));
  const faults: Fault[] = [];
  for (const { port, who, path } of claims(root)) {
    const owner = taken.get(port);
    if (owner === undefined) taken.set(port, who);
    else faults.push({ path, message: `port ${port} is also ${owner}'s; a free one is ${free(port, taken)}` });
  }
  return faults;
}

/** Databases first: it is the service that has to give way. */
function claims(root: Record<string, unknown>): Claim[] {
  const found: Claim[] = [];
  const claim = (who: string, path: readonly PropertyKey[], port: unknown, fallback?: number): void => {
    const value = port ?? fallback;
    if (typeof value === "number") found.push({ port: value, who, path });
  };
  const { postgres, redis, rabbitmq } = root;
  if (postgres !== undefined) claim("PostgreSQL", ["postgres", "port"], asRecord(postgres).port, 5432);
  if (rabbitmq !== undefined) {
    claim("RabbitMQ", ["rabbitmq", "port"], asRecord(rabbitmq).port, 5672);
    claim("RabbitMQ's management", ["rabbitmq", "managementPort"], asRecord(rabbitmq).managementPort, 15672);
  }
  if (redis !== undefined) {
    const ports = asRecord(redis).ports ?? [6379, 6380, 6381];
    for (const [index, port] of (Array.isArray(ports) ? ports : []).entries()) {
      if (typeof port !== "number") continue;
      claim(`Redis node ${index + 1}`, ["redis", "ports", index], port);
      claim(`the cluster bus of Redis node ${index + 1}`, ["redis", "ports", index], port + 10_000);
    }
  }
  claim("the agent", ["agent", "port"], asRecord(root.agent).port, 8000);
  for (const [name, service] of Object.entries(asRecord(root.services))) {
    claim(`service ${name}`, ["services", name, "port"], asRecord(service).port);
  }
  return found;
}

function free(port: number, taken: ReadonlyMap<number, string>): number {
  let candidate = port + 1;
  while (taken.has(candidate)) candidate++;
  return candidate;
}

function takenNames(root: Record<string, unknown>): Fault[] {
  return Object.keys(asRecord(root.services))
    .filter((name) => reservedNames.includes(name))
    .map((name) => ({
      path: ["services", name],
      message: `"${name}" is what health calls a part of the stack; give the service another name`,
    }));
}

function absentNeeds(root: Record<string, unknown>): Fault[] {
  const faults: Fault[] = [];
  for (const [name, service] of Object.entries(asRecord(root.services))) {
    const needs = asRecord(service).needs;
    for (const [index, need] of (Array.isArray(needs) ? needs : []).entries()) {
      if (typeof need === "string" && root[need] === undefined && ["postgres", "redis", "rabbitmq"].includes(need)) {
        faults.push({
          path: ["services", name, "needs", index],
          message: `this stack has no ${need}; add a section "${need}: {}" or leave it out here`,
        });
      }
    }
  }
  return faults;
}

function idleQueues(root: Record<string, unknown>): Fault[] {
  return Object.entries(asRecord(root.services)).flatMap(([name, service]) => {
    const { queue, needs } = asRecord(service);
    const needless = Array.isArray(needs) && !needs.includes("rabbitmq");
    if (queue === undefined || (root.rabbitmq !== undefined && !needless)) return [];
    const why = needless ? "this service does not need rabbitmq" : "this stack has no rabbitmq";
    return [{ path: ["services", name, "queue"], message: `${why}, so there is no queue; leave it out here` }];
  });
}

function idleVolumes(root: Record<string, unknown>): Fault[] {
  return Object.keys(asRecord(asRecord(root.container).volumes))
    .filter((name) => root[name] === undefined && ["postgres", "redis", "rabbitmq"].includes(name))
    .map((name) => ({
      path: ["container", "volumes", name],
      message: `this stack has no ${name}; add a section "${name}: {}" or leave it out here`,
    }));
}

function nothingToRun(root: Record<string, unknown>): Fault[] {
  const services = root.services;
  if (services === undefined || services === null || Object.keys(asRecord(services)).length > 0) return [];
  return [{ path: ["services"], message: "has no service; a stack runs at least one" }];
}

function asRecord(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
}
