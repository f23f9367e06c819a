import { backupChecks } from "./components/backup/checks.ts";
import { checkedComponent } from "./components/check-models.ts";
import { alertmanagerReader } from "./components/metrics/alertmanager-config.ts";
import { metricsChecks } from "./components/metrics/checks.ts";
import { dependencyNames } from "./components/names.ts";
import { givenSecretsChecks } from "./components/services/checks.ts";
import { machineChecks } from "./components/system/checks.ts";

/** What the agent knows of its own work on the machine, without a check. */
export const workComponents = ["jobs", "drift"] as const;
export type WorkComponent = (typeof workComponents)[number];

/**
 * What health speaks of beside databases and services: the machine they run on, what it still waits
 * for somebody to give, and the agent's own work on it.
 */
export const machineComponents: readonly string[] = [
  ...new Set(
    Object.keys({ ...machineChecks, ...givenSecretsChecks, ...backupChecks, ...metricsChecks }).map(checkedComponent),
  ),
  ...workComponents,
];

/** `data`: databases and broker; `services`; `machine`. */
export const healthGroups = ["data", "services", "machine"] as const;
export type HealthGroup = (typeof healthGroups)[number];

/** How provisioning went. In no group. */
export const provisionComponent = "provision";

/** Components whose state is not from a check: the agent's own word of what it has done. */
export const ownComponents: readonly string[] = [provisionComponent, ...workComponents];

/** Stands for every component until the agent has its checks: it fails, and speaks for each. In no group. */
export const startingComponent = "agent";

/** Names that are taken: a service called so could not be told apart. */
export const reservedNames: readonly string[] = [
  ...dependencyNames,
  ...machineComponents,
  ...healthGroups,
  provisionComponent,
  startingComponent,
  alertmanagerReader,
];

/** A component's group. What is no database and no part of the machine is a service. */
export function healthGroupOf(component: string): HealthGroup | undefined {
  if (component === provisionComponent || component === startingComponent) return undefined;
  if ((dependencyNames as readonly string[]).includes(component)) return "data";
  return machineComponents.includes(component) ? "machine" : "services";
}
