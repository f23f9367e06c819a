import * as z from "zod/mini";
import { failingServer } from "./plan.ts";
import { errorDocument } from "./progress.ts";

/**
 * What `stack-agent drift --json` prints, and `/run/stack-agent/drift.json`, what the job
 * `drift` last found. Holds no secret.
 */
export const driftDocument = z.object({
  schemaVersion: z.literal(1),
  /** ISO 8601. */
  checkedAt: z.string(),
  /** Where the machine is not as its definition says; none: it is. */
  differences: z.array(
    z.object({
      stage: z.string(),
      /** As in a plan: what would be done to what, and why. */
      do: z.string(),
      what: z.string(),
      why: z.string(),
      /** The command that mends it. */
      mend: z.string(),
    }),
  ),
  /** What could not be looked at. */
  unseen: z.array(z.string()),
  /** Servers that start again and again; missing where none does. */
  failing: z.optional(z.array(failingServer)),
  /** In drift.json only: why the job could not look. */
  error: z.optional(errorDocument),
});

export type DriftDocument = z.output<typeof driftDocument>;
