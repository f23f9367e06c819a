import * as z from "zod/mini";
import { confinement } from "./confinement.ts";
import { componentHealth } from "./health.ts";
import { memoryBudget, stageProgress } from "./progress.ts";

/** How a job stands. Times are ISO 8601; what is missing has not been yet. */
export const jobStanding = z.object({
  name: z.string(),
  schedule: z.string(),
  /** It runs whatever provisioning does; the others wait until that is done. */
  always: z.optional(z.literal(true)),
  lastRun: z.optional(z.string()),
  lastSeconds: z.optional(z.number()),
  /** Where the last run failed. */
  lastError: z.optional(z.string()),
  nextRun: z.optional(z.string()),
});

/** What `stack-agent status --format json` prints. */
export const statusDocument = z.object({
  schemaVersion: z.literal(1),
  /** healthy: exit 0; failed: 1; degraded: 2; working: 3. */
  status: z.enum(["healthy", "degraded", "failed", "working"]),
  stack: z.object({ name: z.string(), version: z.string() }),
  stages: z.array(stageProgress),
  components: z.array(z.extend(componentHealth, { ports: z.array(z.number()), message: z.optional(z.string()) })),
  jobs: z.array(jobStanding),
  memory: memoryBudget,
  deviations: z.array(z.string()),
  /** Damaged files that were moved out of a server's way and are still there, a sentence each; with a token. */
  setAside: z.optional(z.array(z.string())),
  /** The stack's own release in force; missing on a host without releases. */
  release: z.optional(
    z.object({
      id: z.string(),
      /** Since when; missing of the template's own that no other came before. */
      since: z.optional(z.string()),
      /** An upgrade to that release was cut off: the next provisioning takes it back; told to root. */
      cutOff: z.optional(z.string()),
    }),
  ),
  /** The releases of services that are wanted in the place of the template's own. */
  releases: z.optional(z.array(z.object({ service: z.string(), release: z.string(), since: z.string() }))),
  /** Missing where this boot's is not known. */
  sandbox: z.optional(confinement),
});

export type StatusDocument = z.output<typeof statusDocument>;
