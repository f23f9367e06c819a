import * as z from "zod/mini";

/*
 * What `stack-agent handover` prints, which `deploy-template replace` reads.
 */

/** `stack-agent handover look`: what there is to hand over. */
export const handoverLookDocument = z.object({
  schemaVersion: z.literal(1),
  /** The stack's. */
  name: z.string(),
  release: z.string(),
  /** "12". */
  debian: z.string(),
  /** stack.yaml was changed by hand. */
  isChanged: z.boolean(),
  /** Secrets that were given, and that the stack made. */
  given: z.array(z.string()),
  made: z.array(z.string()),
  /** What was deployed by `service deploy`. */
  services: z.array(z.object({ name: z.string(), release: z.string() })),
  components: z.array(z.string()),
  database: z.optional(z.string()),
  /** PostgreSQL's major version. */
  postgres: z.optional(z.number()),
  /** The newest migration of the event store. */
  migration: z.optional(z.number()),
  vhost: z.optional(z.string()),
});

export type HandoverLookDocument = z.output<typeof handoverLookDocument>;

/** `stack-agent handover receive settings`. */
export const handoverSettingsDocument = z.object({
  schemaVersion: z.literal(1),
  /** Whose is in force. */
  definition: z.enum(["template", "old"]),
  secrets: z.array(z.string()),
  services: z.array(z.string()),
});

export type HandoverSettingsDocument = z.output<typeof handoverSettingsDocument>;

/** `handover receive` of a component, and the last line that `handover send` writes on standard error. */
export const movedDocument = z.object({ schemaVersion: z.literal(1), moved: z.record(z.string(), z.number()) });

export type MovedDocument = z.output<typeof movedDocument>;

/** `deploy-template replace --json`. */
export const replacementDocument = z.object({
  schemaVersion: z.literal(1),
  node: z.string(),
  /** The new container, and the old one. */
  vmid: z.number(),
  from: z.number(),
  template: z.string(),
  /** It was only planned. */
  planned: z.boolean(),
  /** How much of what was moved, by component. */
  moved: z.record(z.string(), z.record(z.string(), z.number())),
  /** Whose definition is in force; missing where it was only planned. */
  definition: z.optional(z.enum(["template", "old"])),
  secrets: z.array(z.string()),
  services: z.array(z.string()),
  /** What stays behind in the old one. */
  left: z.array(z.string()),
  /** Seconds, from when the old one's services were stopped until the new one was healthy. */
  without: z.optional(z.number()),
  seconds: z.number(),
});

export type ReplacementDocument = z.output<typeof replacementDocument>;
