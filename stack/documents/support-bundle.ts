import * as z from "zod/mini";

/** What `stack-agent support-bundle --json` prints, and `contents.json` in the archive: what is in it. */
export const supportBundleDocument = z.object({
  schemaVersion: z.literal(1),
  /** ISO 8601. */
  createdAt: z.string(),
  stack: z.object({ name: z.string(), version: z.string() }),
  host: z.string(),
  /** Where the archive was written; missing in the archive itself, and on standard output. */
  archive: z.optional(z.string()),
  files: z.array(
    z.object({
      path: z.string(),
      about: z.string(),
      bytes: z.number(),
      /** How often a secret was taken out of it. */
      redacted: z.number(),
      /** Bytes at its beginning that were left out. */
      cut: z.optional(z.number()),
      /** Why it could not be collected; then it is not in the archive. */
      error: z.optional(z.string()),
    }),
  ),
});

export type SupportBundleDocument = z.output<typeof supportBundleDocument>;
export type BundledFile = SupportBundleDocument["files"][number];
