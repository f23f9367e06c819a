import { backupJobNames } from "../backup/jobs.ts";
import type { AnyComponent } from "../component.ts";
import { dependencies } from "../index.ts";
import { rootJobNames } from "./root-jobs.ts";

const parts: readonly AnyComponent[] = dependencies;

/** What the stack's own jobs are called, every component's among them. */
export const ownJobNames: readonly string[] = [
  ...rootJobNames,
  ...parts.flatMap(({ jobs = [] }) => jobs),
  ...backupJobNames,
];
