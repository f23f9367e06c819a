import * as z from "zod/mini";

/** `/run/stack-agent/updates.json`: what of Debian's updates is to come, and what of those that came is not in use yet. */
export const updatesDocument = z.object({
  schemaVersion: z.literal(1),
  /** ISO 8601. */
  checkedAt: z.string(),
  /** When the archives were last asked; missing: never, and nothing is known of updates. */
  listsAt: z.optional(z.string()),
  /** Installed packages of which the archives have a newer version. */
  pending: z.array(
    z.object({ package: z.string(), installed: z.string(), candidate: z.string(), security: z.boolean() }),
  ),
  /** Units whose processes run programs or libraries that were replaced since they started. */
  restart: z.array(z.object({ unit: z.string(), files: z.array(z.string()) })),
  /** Why it isn't known what is pending. */
  error: z.optional(z.string()),
  /** Of what `pending` was worked out: while that is the same, so is `pending`. */
  basis: z.string(),
});

export type UpdatesDocument = z.output<typeof updatesDocument>;
export type PendingUpdate = UpdatesDocument["pending"][number];
export type OutdatedUnit = UpdatesDocument["restart"][number];
