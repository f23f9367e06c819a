import { loadBackupParts, loadBackups } from "../../components/agent.ts";
import type { BackupPart } from "../../engine/backup-part.ts";
import { ExitCode, StackError } from "../../lib/error.ts";
import type { Log } from "../../lib/log.ts";
import { run } from "../../lib/run.ts";
import { backupPartNames } from "../../stack/documents/backups.ts";
import type { Model } from "../../stack/model.ts";
import { requireRoot } from "../cli/require-root.ts";
import { askForRun } from "../jobs/asked-runs.ts";
import { loadModel } from "../model/load-model.ts";
import { backupsTable, changeText, checkText } from "./backup-tables.ts";
import { definitionPart } from "./definition-part.ts";

export type BackupAction =
  | { readonly do: "now"; readonly type: string; readonly messages: boolean }
  | { readonly do: "ls" }
  | { readonly do: "check" };

export interface BackupCommandOptions {
  readonly json?: boolean;
  readonly log: Log;
  readonly signal: AbortSignal;
  /** Standard output. */
  readonly write: (text: string) => void;
  /** Of this process; undefined where the system has none. */
  readonly userId: number | undefined;
}

/**
 * `stack-agent backup now|ls|check`.
 *
 * @returns 0
 * @throws StackError `usage` (64), `not-root`, as makeBackup, listBackups and checkBackup do
 */
export async function backupCommand(action: BackupAction, options: BackupCommandOptions): Promise<number> {
  const { json, log, signal, write, userId } = options;
  requireRoot(`backup ${action.do}`, userId);
  const tell = <T extends object>(document: T, text: (document: T) => string): number => {
    write(json ? `${JSON.stringify(document)}\n` : text(document));
    return ExitCode.healthy;
  };
  const type = action.do === "now" ? typeOf(action.type) : "full";
  const model = await loadModel();
  const context = { model, run, log, signal, now: () => new Date(), parts: await backupPartsOf(model) };
  const { makeBackup, listBackups, checkBackup } = await loadBackups();
  const askForJob = (name: string): Promise<void> => askForRun(name, model.paths.run);
  switch (action.do) {
    case "now":
      return tell(await makeBackup({ ...context, type, messages: action.messages, askForJob }), changeText);
    case "ls":
      return tell(await listBackups(context), backupsTable);
    case "check":
      return tell(await checkBackup(context), checkText);
  }
}

/** What is in a backup of this stack beside its database, in the order in which it comes back. */
export async function backupPartsOf(model: Model): Promise<readonly BackupPart[]> {
  const parts = [definitionPart(model), ...(await loadBackupParts(model))];
  return backupPartNames.flatMap((name) => parts.filter((part) => part.name === name));
}

function typeOf(word: string): "full" | "differential" {
  if (word === "full" || word === "differential") return word;
  throw new StackError("usage", `there is no backup of type "${word}"`, {
    hint: "--type is full or differential",
    exit: ExitCode.usage,
  });
}
