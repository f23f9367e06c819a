import * as z from "zod/mini";

/** What `build-template smoke --json` prints. Times are seconds since the container's start. */
export const smokeDocument = z.object({
  schemaVersion: z.literal(1),
  template: z.string(),
  status: z.enum(["healthy", "degraded"]),
  /** Of eth0, by DHCP. */
  address: z.string(),
  /** systemd runs as the container's init. */
  systemd: z.number(),
  stages: z.array(z.object({ id: z.string(), done: z.number(), took: z.optional(z.number()) })),
  components: z.array(z.object({ name: z.string(), status: z.string(), seen: z.number() })),
  /** First answers 200 of each /health, asked from outside the container. */
  health: z.array(z.object({ name: z.string(), port: z.number(), answered: z.number() })),
  /** All of the above is there. */
  healthy: z.number(),
  deviations: z.array(z.string()),
});

export type SmokeDocument = z.output<typeof smokeDocument>;
