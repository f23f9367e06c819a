import { join } from "node:path";
import * as z from "zod/mini";
import { readTextIfAny, writeFileAtomic } from "../../../lib/files.ts";

const backup = z.object({
  label: z.string(),
  /** ISO 8601: when it was complete. */
  at: z.string(),
});

/** `backup.json`: what is known of this machine's backups without asking the repository. Holds no secret. */
const backupRecord = z.object({
  schemaVersion: z.literal(1),
  /** The one that was made or taken over; missing before. */
  repository: z.optional(
    z.object({
      path: z.string(),
      place: z.string(),
      since: z.string(),
      /** It is on the file system of what it is a backup of. */
      sameDisk: z.optional(z.boolean()),
    }),
  ),
  /** The cluster came from elsewhere: the repository is to be told of it. */
  otherCluster: z.optional(z.literal(true)),
  newest: z.optional(backup),
  /** The newest that was restored for trial, when, and the events that it had. */
  proven: z.optional(z.extend(backup, { triedAt: z.string(), events: z.number(), seconds: z.number() })),
});

export type BackupRecord = z.output<typeof backupRecord>;

export async function readRecord(stateDirectory: string): Promise<BackupRecord> {
  return parseRecord(await readTextIfAny(recordPath(stateDirectory)));
}

/** The empty one where there is none, or none that can be read as such. */
export function parseRecord(text: string | undefined): BackupRecord {
  if (text === undefined) return { schemaVersion: 1 };
  try {
    return backupRecord.parse(JSON.parse(text));
  } catch {
    return { schemaVersion: 1 };
  }
}

/** Changes what is recorded, whole or not at all. */
export async function changeRecord(
  stateDirectory: string,
  change: (record: BackupRecord) => BackupRecord,
): Promise<void> {
  const text = JSON.stringify(change(await readRecord(stateDirectory)), null, 2);
  await writeFileAtomic(recordPath(stateDirectory), `${text}\n`, { mode: 0o644 });
}

export function recordPath(stateDirectory: string): string {
  return join(stateDirectory, "backup.json");
}
