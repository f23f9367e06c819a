import { type DependencyName, dependencyNames } from "./components/names.ts";

export type StageId = "system" | "python" | "cluster" | DependencyName | "services" | "backup" | "metrics";

/** The stages of provisioning, in the order they are shown. */
export const stageIds: readonly StageId[] = [
  "system",
  "python",
  "cluster",
  ...dependencyNames,
  "services",
  "backup",
  "metrics",
];
