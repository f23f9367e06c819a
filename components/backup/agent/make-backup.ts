import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { SaveOptions } from "../../../engine/backup-part.ts";
import { disksAt, explainFullDisk } from "../../../engine/run/explain-full-disk.ts";
import { lastTaken } from "../../../engine/run/take-lock.ts";
import { waitFor } from "../../../lib/wait.ts";
import { spoolFolder } from "../../../stack/components/backup/component.ts";
import type { BackupChangeDocument, BackupPartName } from "../../../stack/documents/backups.ts";
import { archiveState } from "./archive-check.ts";
import { countEvents } from "./ask-database.ts";
import { type BackupContext, backedUp } from "./context.ts";
import { describeBackup } from "./list-backups.ts";
import { ownRepository } from "./own-repository.ts";
import { forgetParts, type PartsOptions, saveParts } from "./parts.ts";
import { pgbackrest, roomInTarget } from "./pgbackrest.ts";
import { changeRecord } from "./record.ts";
import { repositoryInfo } from "./repository-info.ts";

export interface MakeBackupOptions extends BackupContext, Pick<SaveOptions, "messages" | "askForJob"> {
  /** A full one where there was none. */
  readonly type: "full" | "differential";
}

/**
 * Makes a backup: of the database first, then of the rest of the stack.
 *
 * @throws StackError `no-backups`, `secret-missing`, as pgbackrest does; as saveParts does, with the database's made
 */
export async function makeBackup(options: MakeBackupOptions): Promise<BackupChangeDocument> {
  const { type, model, run, log, signal, now } = options;
  const { backup, postgres } = backedUp(model);
  const began = now().getTime();
  const { state } = model.paths;
  const repository = await ownRepository({ backup }, state);
  const { port, database, migrations } = postgres;
  const events = await countEvents({ run, signal, socket: "/run/postgresql", port, database });
  const notes = { events, migration: migrations.at(-1)?.version ?? 0, stack: model.version };
  log("info", `backup: ${type}, of ${events} events, to ${backup.place}`);
  const { stanza } = backup;
  const backUp = pgbackrest("backup", {
    ...{ run, signal, stanza },
    args: [
      `--type=${type === "full" ? "full" : "diff"}`,
      "--log-level-console=info",
      ...Object.entries(notes).map(([name, value]) => `--annotation=${name}=${value}`),
    ],
    onLine: (line) => {
      const told = /^P00 +INFO: (?!backup command|expire command|execute)(.+)/.exec(line)?.[1];
      if (told !== undefined) log("info", `backup: ${told}`);
    },
  });
  await backUp.catch(async (error: unknown) => {
    const { kind } = backup.target;
    throw await explainFullDisk(
      error,
      async () => (kind === "directory" ? disksAt(join(repository.path, "backup")) : []),
      roomInTarget,
    );
  });
  const { backups } = await repositoryInfo({ run, signal, stanza });
  const newest = backups.at(-1);
  if (newest === undefined) throw new TypeError("the backup that was made is not there");
  // What was given up before is in this one.
  await rm(`${spoolFolder}/gap`, { force: true });
  await rm(archiveState, { force: true });
  await changeRecord(state, (record) => ({
    ...record,
    newest: { label: newest.label, at: newest.ended.toISOString() },
  }));
  const parts = await saveUndisturbed(newest.label, { ...options, repository });
  await forgetParts(
    backups.map(({ label }) => label),
    { run, signal, repository },
  );
  return { schemaVersion: 1, ...describeBackup(newest, undefined, parts), seconds: (now().getTime() - began) / 1000 };
}

/** Milliseconds: a provisioning may wait for servers for minutes. */
const OTHERS = 30 * 60_000;
const TRIES = 5;

/**
 * Saves the parts while nobody provisions, restores or deploys: the first backup of a machine begins in its first
 * boot, and that of a restored one before all is back. What was saved while somebody was at work is saved again.
 */
async function saveUndisturbed(label: string, options: PartsOptions & SaveOptions): Promise<readonly BackupPartName[]> {
  const { model, run, signal, log } = options;
  for (let left = TRIES - 1; ; left -= 1) {
    const before = await waitFor(() => lastTaken(model.paths.run, run), {
      what: "provisioning to end",
      timeout: OTHERS,
      interval: 500,
      signal,
    });
    const isDisturbed = async (): Promise<boolean> => left > 0 && (await lastTaken(model.paths.run, run)) !== before;
    try {
      const saved = await saveParts(label, options);
      if (!(await isDisturbed())) return saved;
    } catch (error) {
      if (signal.aborted || !(await isDisturbed())) throw error;
    }
    log("info", "backup: somebody was at work meanwhile; what is beside the database is saved again");
  }
}
