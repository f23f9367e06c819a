import * as z from "zod/mini";

/** `deploy-template --json`: the container that a template was made into. */
export const deploymentDocument = z.object({
  schemaVersion: z.literal(1),
  node: z.string(),
  vmid: z.number(),
  hostname: z.string(),
  /** The template's file name. */
  template: z.string(),
  /** Of the root disk. */
  storage: z.string(),
  /** `degraded`: all of it answers, something is `warn`. */
  status: z.enum(["healthy", "degraded"]),
  /** False where there was nothing to do. */
  changed: z.boolean(),
  /** What was done, in its order. */
  steps: z.array(z.string()),
  address: z.string(),
  /** The agent's health and each service's. */
  urls: z.array(z.object({ name: z.string(), url: z.string() })),
  /** COMPONENT: CODE of what is `warn`. */
  warnings: z.array(z.string()),
});

export type DeploymentDocument = z.output<typeof deploymentDocument>;
