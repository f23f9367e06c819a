import * as z from "zod/mini";

/** `TEMPLATE.manifest.json`, and `/usr/share/stack-agent/manifest.json` without the file's own figures. */
export const manifestDocument = z.object({
  schemaVersion: z.literal(1),
  name: z.string(),
  version: z.string(),
  debian: z.string(),
  architecture: z.string(),
  /** Template's file name, bytes and sha256; absent inside the template itself. */
  template: z.optional(z.object({ file: z.string(), bytes: z.number(), sha256: z.string() })),
  layers: z.array(
    z.object({
      name: z.string(),
      key: z.string(),
      entries: z.number(),
      bytes: z.number(),
      /** What its building took, whenever that was. */
      seconds: z.optional(z.number()),
      /** Whether it came from the cache. */
      cached: z.optional(z.boolean()),
    }),
  ),
  packages: z.array(z.object({ name: z.string(), version: z.string() })),
  /** Where components' packages come from, by the component's name, of those whose needn't be Debian's; and the version of each. Older manifests have none. */
  sources: z.optional(z.record(z.string(), z.object({ source: z.string(), version: z.string() }))),
  tools: z.record(z.string(), z.string()),
  deviations: z.array(z.string()),
});

export type ManifestDocument = z.output<typeof manifestDocument>;
