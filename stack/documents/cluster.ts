import * as z from "zod/mini";

/** What one server is as a member of its cluster, as the component tells it. */
export const clusterServer = z.object({
  component: z.string(),
  /** A word or two: leader, sync standby, master, replica, running, down. */
  role: z.string(),
  status: z.enum(["pass", "warn", "fail"]),
  /** How far it is behind, in words. */
  lag: z.optional(z.string()),
  message: z.optional(z.string()),
});

/** What `stack-agent cluster status --json` prints. */
export const clusterDocument = z.object({
  schemaVersion: z.literal(1),
  /** `degraded`: something of it is lost, and it works; `failed`: of a component two of three are. */
  status: z.enum(["healthy", "degraded", "failed"]),
  stack: z.string(),
  /** The node that was asked. */
  here: z.string(),
  nodes: z.array(
    z.object({
      name: z.string(),
      address: z.string(),
      /** ISO 8601; missing: it shows none. */
      certificateEnds: z.optional(z.string()),
      servers: z.array(clusterServer),
    }),
  ),
});

export type ClusterDocument = z.output<typeof clusterDocument>;
