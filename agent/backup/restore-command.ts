import { readFile } from "node:fs/promises";
import { loadBackups, loadStages } from "../../components/agent.ts";
import { ExitCode, isErrno, StackError } from "../../lib/error.ts";
import { run } from "../../lib/run.ts";
import { backupPartNames, type RestoreDocument, type RestoredPart } from "../../stack/documents/backups.ts";
import { requireRoot } from "../cli/require-root.ts";
import { thisMachine } from "../machine/this-machine.ts";
import { loadModel } from "../model/load-model.ts";
import { provision } from "../provision/provision.ts";
import { readValue } from "../secrets/read-value.ts";
import { presentStages } from "../stages/choose-stages.ts";
import { type BackupCommandOptions, backupPartsOf } from "./backup-command.ts";
import { restoreText } from "./backup-tables.ts";

export interface RestoreCommandOptions extends BackupCommandOptions {
  readonly to?: string;
  readonly from?: string;
  readonly key?: string;
  /** Comma-separated. */
  readonly parts?: string;
  readonly yes?: boolean;
  /** Asks whoever sits there; undefined where nobody does. */
  readonly ask: ((question: string) => Promise<string>) | undefined;
}

/**
 * `stack-agent restore`.
 *
 * @returns 0 restored and provisioned; 1 restored, and a stage failed: `provision` goes on
 * @throws StackError usage (64), `not-root`, `not-confirmed`, as restore does
 */
export async function restoreCommand(options: RestoreCommandOptions): Promise<number> {
  const { json, log, signal, write, userId, from } = options;
  requireRoot("restore", userId);
  const to = options.to === undefined ? undefined : momentOf(options.to);
  if (from?.startsWith("/") === false) throw usage("--from takes a folder's absolute path", "e.g. --from /mnt/backup");
  const wanted = options.parts === undefined ? undefined : partsIn(options.parts);
  const model = await loadModel();
  const key = options.key === undefined ? undefined : await readKey(options.key, signal);
  if (options.yes !== true) await confirm(model.name, options.ask);
  const began = Date.now();
  const { restore, restoreLate } = await loadBackups();
  const context = { run, log, signal, now: () => new Date() };
  const restored = await restore({ ...context, model, parts: await backupPartsOf(model), to, from, key, wanted });
  const provisioned = async (): Promise<RestoreDocument["state"]> => {
    // The definition may be another one now.
    const model = await loadModel();
    const stages = presentStages(await loadStages(), model);
    const { state } = await provision(await thisMachine({ model, stages, run, log, signal }), stages);
    return state === "waiting" ? "failed" : state;
  };
  let state = await provisioned();
  const late = state === "done" ? restored.late : [];
  if (restored.late.length > 0) {
    // With nothing to put back it takes away what was fetched.
    const model = await loadModel();
    await restoreLate(late, { ...context, model, parts: await backupPartsOf(model) });
    if (late.length > 0) state = await provisioned();
    else log("error", `a stage failed: ${restored.late.join(", ")} are not put back; restore --parts names them again`);
  }
  const document: RestoreDocument = {
    schemaVersion: 1,
    ...{ label: restored.label, repository: restored.repository, state, parts: [...restored.parts, ...late] },
    ...(restored.events !== undefined && { events: restored.events }),
    ...(to && { to: to.toISOString() }),
    ...(restored.before !== undefined && { before: restored.before }),
    seconds: (Date.now() - began) / 1000,
  };
  write(json ? `${JSON.stringify(document)}\n` : restoreText(document));
  return state === "done" ? ExitCode.healthy : ExitCode.failed;
}

function partsIn(text: string): readonly RestoredPart[] {
  const all: readonly RestoredPart[] = ["database", ...backupPartNames];
  if (text === "all") return all;
  const words = text.split(",").map((word) => word.trim());
  const strange = words.find((word) => !all.some((part) => part === word));
  if (strange !== undefined)
    throw usage(`"${strange}" is no part of a backup`, `--parts takes all, or of ${all.join(",")}`);
  return all.filter((part) => words.includes(part));
}

/** A moment with its zone: which one it is must not depend on whose clock reads it. */
function momentOf(text: string): Date {
  const isMoment = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d:?\d\d)$/.test(text);
  const moment = new Date(text.replace(" ", "T"));
  if (isMoment && !Number.isNaN(moment.getTime())) return moment;
  throw usage(`"${text}" is no moment`, "date, time and zone, e.g. 2026-11-30T14:05:00Z or 2026-11-30T15:05:00+01:00");
}

async function readKey(path: string, signal: AbortSignal): Promise<string> {
  const bytes = path === "-" ? await readValue(backupKeyPrompt, { signal }) : await readFile(path).catch(explain(path));
  const key = bytes.toString("utf8").trim();
  if (/^[A-Za-z0-9_-]{16,128}$/.test(key)) return key;
  throw new StackError("secret-invalid", "that is no key of a repository", {
    hint: "stack-agent secrets show backup.key, on the machine whose repository it is, prints it",
  });
}

const backupKeyPrompt = "backup.key";

function explain(path: string): (error: unknown) => never {
  return (error) => {
    if (!isErrno(error, "ENOENT", "EISDIR", "ENOTDIR")) throw error;
    throw usage(`${path} can't be read`, "--key takes a file, or - for standard input");
  };
}

async function confirm(name: string, ask: RestoreCommandOptions["ask"]): Promise<void> {
  const hint = "stack-agent restore --yes; the database that is there is kept beside the restored one";
  if (ask === undefined)
    throw new StackError("not-confirmed", "there is nobody to ask whether the database is to be replaced", {
      hint,
      exit: ExitCode.usage,
    });
  const answer = await ask(
    `This puts another database in the place of ${name}'s, which is kept beside it. Type ${name} to go on: `,
  );
  if (answer.trim() === name) return;
  throw new StackError("not-confirmed", "not confirmed; nothing was changed", { hint: "stack-agent backup ls" });
}

function usage(message: string, hint: string): StackError {
  return new StackError("usage", message, { hint, exit: ExitCode.usage });
}
