import type { BackupEntry, BackupPartName, BackupsDocument } from "../../../stack/documents/backups.ts";
import { type BackupContext, backedUp } from "./context.ts";
import { ownRepository } from "./own-repository.ts";
import { listParts } from "./parts.ts";
import { type BackupRecord, readRecord } from "./record.ts";
import { type Backup, repositoryInfo } from "./repository-info.ts";

/** Every backup of this machine's repository, the newest first. @throws StackError `no-backups`, as pgbackrest does */
export async function listBackups({ model, run, signal }: BackupContext): Promise<BackupsDocument> {
  const { backup } = backedUp(model);
  const { state } = model.paths;
  // One after the other: restic tries for a quarter of an hour what pgBackRest has told within seconds.
  const { backups } = await repositoryInfo({ run, signal, stanza: backup.stanza });
  const parts = await listParts({ run, signal, repository: await ownRepository({ backup }, state) });
  const { repository, proven } = await readRecord(state);
  return {
    schemaVersion: 1,
    place: backup.place,
    ...(repository && { repository: repository.path }),
    encrypted: backup.encryption,
    ...(repository?.sameDisk && { sameDisk: true }),
    ...(backups[0] && { since: backups[0].ended.toISOString() }),
    backups: backups.map((one) => describeBackup(one, proven, parts.get(one.label))).reverse(),
  };
}

export function describeBackup(
  backup: Backup,
  proven: BackupRecord["proven"],
  parts: readonly BackupPartName[] | undefined,
): BackupEntry {
  const { label, type, began, ended, size, stored, damaged, events } = backup;
  return {
    ...{ label, type, size, stored },
    began: began.toISOString(),
    ended: ended.toISOString(),
    ...(events !== undefined && { events }),
    ...(damaged && { damaged }),
    ...(proven?.label === label && { proven: proven.triedAt }),
    ...(parts !== undefined && { parts: [...parts] }),
  };
}
