import * as z from "zod/mini";
import { errorDocument } from "./progress.ts";

/** `deploy-template --json`: the container that a template was made into, or the host that has the stack now. */
export const deploymentDocument = z.object({
  schemaVersion: z.literal(1),
  /** The node; with `--host` the host's own name. */
  node: z.string(),
  /** Of a container. */
  vmid: z.optional(z.number()),
  hostname: z.string(),
  /** The file's name: a template's, or a package's. */
  template: z.string(),
  /** Of a container's root disk. */
  storage: z.optional(z.string()),
  /** `degraded`: all of it answers, something is `warn`; or it waits to become a member of its cluster. */
  status: z.enum(["healthy", "degraded"]),
  /** False where there was nothing to do. */
  changed: z.boolean(),
  /** What was done, in its order. */
  steps: z.array(z.string()),
  /** The one that answered from here. */
  address: z.string(),
  /** All that a container has, of both families. */
  addresses: z.optional(z.array(z.string())),
  /** What a container was to have, as `net0` has it, and didn't in time, or the node tells nothing of: `ip6=auto`. */
  missingAddresses: z.optional(z.array(z.string())),
  /** The agent's health and each service's. */
  urls: z.array(z.object({ name: z.string(), url: z.string() })),
  /** COMPONENT: CODE of what is `warn`; `provision: not-a-member` where it waits for that. */
  warnings: z.array(z.string()),
  /** What the node's tasks warned of, on the way to a container. */
  taskWarnings: z.optional(z.array(z.string())),
});

/** `deploy-template --to pve1,pve2 --json`: what became of each, in the order they were named. */
export const deploymentsDocument = z.object({
  schemaVersion: z.literal(1),
  deployments: z.array(
    z.object({
      /** As it was named. */
      to: z.string(),
      deployment: z.optional(deploymentDocument),
      /** In its place where that node failed. */
      error: z.optional(errorDocument),
    }),
  ),
});

export type DeploymentsDocument = z.output<typeof deploymentsDocument>;
export type DeploymentDocument = z.output<typeof deploymentDocument>;
