import { rm } from "node:fs/promises";
import { join } from "node:path";
import { takeLock } from "../../../engine/run/take-lock.ts";
import { isStackError, StackError } from "../../../lib/error.ts";
import { type BackupCheckDocument, type BackupPartName, backupPartNames } from "../../../stack/documents/backups.ts";
import { type BackupContext, backedUp } from "./context.ts";
import { ownRepository } from "./own-repository.ts";
import { fetchParts } from "./parts.ts";
import { changeRecord } from "./record.ts";
import type { Repository } from "./repository.ts";
import { repositoryInfo } from "./repository-info.ts";
import { restic } from "./restic.ts";
import { refuseTooLarge, removeTrial, restoreApart, writeTrialConfig } from "./trial.ts";

/**
 * Restores the newest backup for trial, replays the archive, counts events, and has every page's checksum
 * looked at; then the rest of the stack. Nothing of it stays.
 *
 * @throws StackError `no-backups`, `no-backup`, `disk-full`, `backup-running`, `backup-unusable`, as restoreApart does
 */
export async function checkBackup(context: BackupContext): Promise<BackupCheckDocument> {
  const { model, run, log, signal, now } = context;
  const of = backedUp(model);
  const { stanza } = of.backup;
  const began = now().getTime();
  const { run: runFolder, state } = model.paths;
  const lock = await takeLock(`${runFolder}/trial.lock`, run).catch((error: unknown) => {
    if (!isStackError(error) || error.code !== "already-running") throw error;
    throw new StackError("backup-running", "a backup is being restored for trial already", {
      hint: "stack-agent job ls",
    });
  });
  try {
    const newest = (await repositoryInfo({ run, signal, stanza })).backups.at(-1);
    if (newest === undefined)
      throw new StackError("no-backup", "there is no backup yet", { hint: "stack-agent backup now" });
    const into = `${of.postgres.dataDirectory}.trial`;
    await removeTrial({ of, into, run, signal });
    await refuseTooLarge(into, newest);
    const repository = await ownRepository(of, state);
    const config = await writeTrialConfig(of, into, repository);
    const trial = { of, into, config, run, log, signal };
    log("info", `backup check: ${newest.label}`);
    const events = await restoreApart(newest.label, undefined, trial);
    try {
      if (events < (newest.events ?? 0)) {
        throw new StackError(
          "backup-unusable",
          `${newest.label} has ${events} events, and had ${newest.events} when it was made`,
          {
            hint: "stack-agent backup now --type full, then: stack-agent backup check",
          },
        );
      }
      log("info", "looking at every page");
      const look = [`${of.postgres.binDirectory}/pg_checksums`, "--check", "-D", into];
      await run("runuser", ["-u", "postgres", "--", ...look], { cwd: "/", signal, timeout: 24 * 3_600_000 });
    } finally {
      await removeTrial({ of, into, run, signal: new AbortController().signal });
    }
    const parts = await checkParts(newest.label, repository, context);
    const seconds = (now().getTime() - began) / 1000;
    const { label } = newest;
    const proven = { label, at: newest.ended.toISOString(), triedAt: now().toISOString(), events, seconds };
    await changeRecord(state, (record) => ({ ...record, proven }));
    const least = newest.events !== undefined && { least: newest.events };
    return { schemaVersion: 1, label, events, ...least, parts: [...parts], seconds };
  } finally {
    await lock.close();
  }
}

async function checkParts(
  label: string,
  repository: Repository,
  context: BackupContext,
): Promise<readonly BackupPartName[]> {
  const { run, signal, log, model } = context;
  const into = join(model.paths.state, "backup-trial");
  try {
    log("info", "restoring the rest of the stack for trial");
    const parts = await fetchParts(label, backupPartNames, into, { ...context, repository });
    if (parts.length > 0) await restic(["check"], { run, signal, repository });
    return parts.map(({ name }) => name);
  } finally {
    await rm(into, { recursive: true, force: true });
  }
}
