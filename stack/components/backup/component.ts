import { checkModels } from "../check-models.ts";
import type { OwnPart } from "../component.ts";
import { buildFile } from "../system/component.ts";
import { backupChecks } from "./checks.ts";
import type { BackupModel } from "./model.ts";

/** Where pgBackRest looks for its configuration by itself; what only the machine knows is in a file of the folder. */
const config = "/etc/pgbackrest";

/** Its secret: what is in the repository is encrypted by it, and the repository's own name follows from it. */
export const backupKey = "backup.key";

/** What the repository is, and what opens it: written by the agent. */
export const repositoryConfig = `${config}/conf.d/repository.conf`;

/** What PostgreSQL calls to archive. */
export const archiveCommand = "/usr/lib/stack-agent/pgbackrest-push";

/** pgBackRest's own, which PostgreSQL's sandbox lets it write to. */
export const spoolFolder = "/var/spool/pgbackrest";

/**
 * Backups: of PostgreSQL by pgBackRest, an archive of what it writes among them; of the rest of the stack by restic.
 * No service waits for it.
 */
export const backup: OwnPart = {
  name: "backup",
  packages: () => ["pgbackrest", "restic"],
  secrets: () => [
    {
      name: backupKey,
      reader: "root",
      purpose: "What is in the backup repository; another value is another repository",
    },
  ],
  checks: () => checkModels(backupChecks, "system"),
  // pgBackRest's own server, for machines that come for their backups: nothing here does.
  units: () => [{ unit: "pgbackrest.service", want: "masked" }],
  files: () => [
    folder(config, 0o755),
    folder(`${config}/conf.d`, 0o755),
    buildFile(`${config}/pgbackrest.conf`, "rootfs-overlay/etc/pgbackrest/pgbackrest.conf.ejs"),
    { ...buildFile(archiveCommand, "rootfs-overlay/usr/lib/stack-agent/pgbackrest-push"), mode: 0o755 },
  ],
};

/** Folders that PostgreSQL writes to for its archive, beside its own: a target that is not there stops no start. */
export function archiveFolders({ target }: BackupModel): string[] {
  return [spoolFolder, ...(target.kind === "directory" ? [`-${target.directory}`] : [])];
}

function folder(path: string, mode: number) {
  return { path, kind: "directory", mode, owner: "root:root", when: "build" } as const;
}
