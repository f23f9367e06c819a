import * as z from "zod/mini";

/** What `build-template --plan --json` prints. */
export const buildPlanDocument = z.object({
  schemaVersion: z.literal(1),
  name: z.string(),
  version: z.string(),
  debian: z.string(),
  architecture: z.string(),
  /** The file that a build gives; only where every layer is cached can it be told beforehand. */
  template: z.optional(z.string()),
  cache: z.string(),
  layers: z.array(
    z.object({
      name: z.string(),
      /** The overlay's is known only once the layers below it are there. */
      key: z.optional(z.string()),
      /** cached: taken as it is; build: made; damaged: found damaged, so made again. */
      state: z.enum(["cached", "build", "damaged"]),
      /** Of a cached layer: bytes compressed and unpacked, entries, when it was built (ISO 8601). */
      bytes: z.optional(z.number()),
      unpackedBytes: z.optional(z.number()),
      entries: z.optional(z.number()),
      builtAt: z.optional(z.string()),
      /** Of one to build: what the newest of that name in the cache took and holds. */
      last: z.optional(z.object({ seconds: z.number(), bytes: z.number() })),
    }),
  ),
  packages: z.array(z.object({ name: z.string(), version: z.string() })),
  services: z.array(z.object({ name: z.string(), port: z.number() })),
  tools: z.record(z.string(), z.string()),
  deviations: z.array(z.string()),
});

export type BuildPlanDocument = z.output<typeof buildPlanDocument>;
