import { dependencyNames } from "./components/names.ts";

/**
 * What health speaks of beside databases and services: the machine they run on, what it still waits
 * for somebody to give, and the agent's own work on it.
 */
export const machineComponents: readonly string[] = ["disk", "memory", "secrets", "jobs", "drift"];

/** `data`: databases and broker; `services`; `machine`. */
export const healthGroups = ["data", "services", "machine"] as const;
export type HealthGroup = (typeof healthGroups)[number];

/** How provisioning went. In no group. */
export const provisionComponent = "provision";

/** Stands for every component until the agent has its checks: it fails, and speaks for each. In no group. */
export const startingComponent = "agent";

/** Names that are taken: a service called so could not be told apart. */
export const reservedNames: readonly string[] = [
  ...dependencyNames,
  ...machineComponents,
  ...healthGroups,
  provisionComponent,
  startingComponent,
];

/** A component's group. What is no database and no part of the machine is a service. */
export function healthGroupOf(component: string): HealthGroup | undefined {
  if (component === provisionComponent || component === startingComponent) return undefined;
  if ((dependencyNames as readonly string[]).includes(component)) return "data";
  return machineComponents.includes(component) ? "machine" : "services";
}
