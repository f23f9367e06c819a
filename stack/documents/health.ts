import * as z from "zod/mini";
import { healthGroups } from "../health-groups.ts";

export const healthStatus = z.enum(["pass", "warn", "fail"]);

/** `data`: the databases and the broker; `services`; `machine`: disk, memory, updates, jobs, drift. */
export const healthGroup = z.enum(healthGroups);

/** One component, flat: what monitoring discovers. Figures are 0 before the first result. */
export const componentHealth = z.object({
  name: z.string(),
  status: healthStatus,
  code: z.string(),
  latencyMs: z.number(),
  ageMs: z.number(),
  /** What `/health/GROUP` answers it with. The agent's own only; provisioning is in none. */
  group: z.optional(healthGroup),
});

/**
 * The body of `/health`, `/health/COMPONENT`, `/health/GROUP`, `/readyz` and `/livez`, media type `application/health+json`.
 * Field names of draft-inadarei-api-health-check-06, plus `schemaVersion` and the flat
 * `components`, which monitoring discovers without knowing the check names.
 * pass and warn are answered with 200, fail with 503.
 */
export const healthDocument = z.object({
  schemaVersion: z.literal(1),
  status: healthStatus,
  serviceId: z.string(),
  description: z.string(),
  /** The provisioning stage that runs now, while one does. */
  stage: z.optional(z.string()),
  checks: z.record(
    z.string(),
    z.array(
      z.object({
        componentId: z.string(),
        componentType: z.string(),
        status: healthStatus,
        observedValue: z.optional(z.number()),
        observedUnit: z.optional(z.string()),
        time: z.string(),
        /** Only with a token. */
        output: z.optional(z.string()),
      }),
    ),
  ),
  components: z.array(componentHealth),
});

export type HealthStatus = z.output<typeof healthStatus>;
export type HealthDocument = z.output<typeof healthDocument>;
