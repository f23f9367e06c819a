import * as z from "zod/mini";

/** What `stack-agent service ls --json` prints. */
export const servicesDocument = z.object({
  schemaVersion: z.literal(1),
  services: z.array(
    z.object({
      name: z.string(),
      port: z.number(),
      /** The release that is wanted; "0": the template's own. */
      release: z.string(),
      /** ISO 8601; missing where nothing was deployed. */
      since: z.optional(z.string()),
      previous: z.optional(z.string()),
      /** How many are there. */
      releases: z.number(),
      /** What `current` leads to, where that is another one: a deployment was cut off. */
      inForce: z.optional(z.string()),
    }),
  ),
});

/** What `stack-agent service releases NAME --json` prints, the newest first. */
export const releasesDocument = z.object({
  schemaVersion: z.literal(1),
  service: z.string(),
  releases: z.array(
    z.object({
      id: z.string(),
      state: z.enum(["current", "previous", "kept"]),
      /** When it was made, from what, and the sha256 of its files and lock; missing of the template's own. */
      at: z.optional(z.string()),
      from: z.optional(z.string()),
      digest: z.optional(z.string()),
    }),
  ),
});

/** What `stack-agent service deploy --json` and `rollback --json` print. */
export const releaseChangeDocument = z.object({
  schemaVersion: z.literal(1),
  service: z.string(),
  /** In force now. */
  release: z.string(),
  /** False where it was in force before. */
  changed: z.boolean(),
  previous: z.optional(z.string()),
  /** Old releases that are gone. */
  removed: z.array(z.string()),
  seconds: z.number(),
});

/** What `stack-agent service new --json` prints. */
export const newServiceDocument = z.object({
  schemaVersion: z.literal(1),
  name: z.string(),
  port: z.number(),
  folder: z.string(),
  /** In the folder. */
  files: z.array(z.string()),
  /** Commands to go on with. */
  next: z.array(z.string()),
});

export type NewServiceDocument = z.output<typeof newServiceDocument>;
export type ServicesDocument = z.output<typeof servicesDocument>;
export type ReleasesDocument = z.output<typeof releasesDocument>;
export type ReleaseChangeDocument = z.output<typeof releaseChangeDocument>;
