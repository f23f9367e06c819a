import { isStackError, messageOf } from "../../../../lib/error.ts";
import type { Run } from "../../../../lib/run.ts";
import type { UpdatesDocument } from "../../../../stack/documents/updates.ts";
import { outdatedUnits } from "./outdated-units.ts";
import { basisOfPending, listsAsked, pendingUpdates } from "./pending-updates.ts";
import { readUpdates, writeUpdates } from "./read-updates.ts";

export interface LookForUpdatesOptions {
  /** `/run/stack-agent`. */
  readonly runFolder: string;
  readonly run: Run;
  readonly signal: AbortSignal;
}

/** What is pending, by apt's lists as they are, and what runs replaced files. Needs root; asks no archive. */
export async function lookForUpdates({ runFolder, run, signal }: LookForUpdatesOptions): Promise<UpdatesDocument> {
  const [before, asked, basis, restart] = await Promise.all([
    readUpdates(runFolder),
    listsAsked(),
    basisOfPending(),
    outdatedUnits(),
  ]);
  const found = { schemaVersion: 1 as const, checkedAt: new Date().toISOString(), restart: [...restart], basis };
  if (asked === undefined) return { ...found, pending: [] };
  const listsAt = asked.toISOString();
  if (before !== undefined && before.basis === basis && before.error === undefined) {
    return { ...found, listsAt, pending: before.pending };
  }
  try {
    return { ...found, listsAt, pending: [...(await pendingUpdates(run, signal))] };
  } catch (error) {
    if (signal.aborted) throw error;
    const why = isStackError(error) ? [error.message, ...error.detail.slice(-1)].join(": ") : messageOf(error);
    return { ...found, listsAt, pending: [], error: why };
  }
}

/** Looks, and leaves what it found in the run folder, where health reads it. */
export async function noteUpdates(options: LookForUpdatesOptions): Promise<UpdatesDocument> {
  const document = await lookForUpdates(options);
  await writeUpdates(options.runFolder, document);
  return document;
}
