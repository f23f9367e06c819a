import * as z from "zod/mini";

/** What of a stack is in a backup beside its database, in the order in which it comes back. */
export const backupPartNames = ["definition", "releases", "secrets", "redis", "rabbitmq"] as const;

export type BackupPartName = (typeof backupPartNames)[number];

/** What can be asked for to come back. */
export type RestoredPart = "database" | BackupPartName;

/** Each with what it is, for people. */
export const backupPartTitles: Readonly<Record<BackupPartName, string>> = {
  definition: "the definition, with files of one's own",
  releases: "the services' releases that are wanted",
  secrets: "secrets that were given",
  redis: "Redis's keys",
  rabbitmq: "RabbitMQ's definitions: users, virtual hosts, queues, bindings",
};

const backupEntry = z.object({
  label: z.string(),
  type: z.enum(["full", "differential"]),
  /** ISO 8601. */
  began: z.string(),
  ended: z.string(),
  /** Bytes of the database, and what the backup takes in the repository. */
  size: z.number(),
  stored: z.number(),
  /** Events that there were when it began. */
  events: z.optional(z.number()),
  /** Pages of the database were damaged when it was made. */
  damaged: z.optional(z.boolean()),
  /** ISO 8601: when it was last restored for trial, and was whole. */
  proven: z.optional(z.string()),
  /** What is in it beside the database. */
  parts: z.optional(z.array(z.enum(backupPartNames))),
});

/** What `stack-agent backup ls --json` prints, the newest first. */
export const backupsDocument = z.object({
  schemaVersion: z.literal(1),
  place: z.string(),
  /** The repository's path there. */
  repository: z.optional(z.string()),
  encrypted: z.boolean(),
  /** It is on the disk of the database. */
  sameDisk: z.optional(z.boolean()),
  /** ISO 8601: every moment since then can be restored. */
  since: z.optional(z.string()),
  backups: z.array(backupEntry),
});

/** What `stack-agent backup now --json` prints. */
export const backupChangeDocument = z.extend(backupEntry, { schemaVersion: z.literal(1), seconds: z.number() });

/** What `stack-agent backup check --json` prints. */
export const backupCheckDocument = z.object({
  schemaVersion: z.literal(1),
  label: z.string(),
  /** Events that were counted in what was restored, and when the backup began. */
  events: z.number(),
  least: z.optional(z.number()),
  /** What else came back, and is whole. */
  parts: z.array(z.enum(backupPartNames)),
  seconds: z.number(),
});

/** What `stack-agent restore --json` prints. */
export const restoreDocument = z.object({
  schemaVersion: z.literal(1),
  label: z.string(),
  repository: z.string(),
  /** ISO 8601: the moment that was asked for; missing: all that is in the archive. */
  to: z.optional(z.string()),
  /** Of the database; missing where that was left as it is. */
  events: z.optional(z.number()),
  /** What else was put back. */
  parts: z.array(z.enum(backupPartNames)),
  /** Where the database is now that was there before. */
  before: z.optional(z.string()),
  /** How provisioning ended, which followed. */
  state: z.enum(["running", "done", "failed"]),
  seconds: z.number(),
});

export type BackupEntry = z.output<typeof backupEntry>;
export type BackupsDocument = z.output<typeof backupsDocument>;
export type BackupChangeDocument = z.output<typeof backupChangeDocument>;
export type BackupCheckDocument = z.output<typeof backupCheckDocument>;
export type RestoreDocument = z.output<typeof restoreDocument>;
