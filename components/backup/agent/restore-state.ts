import { rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import * as z from "zod/mini";
import type { Io } from "../../../engine/action.ts";
import { StackError } from "../../../lib/error.ts";
import { exists, readTextIfAny, syncFolder, writeFileAtomic } from "../../../lib/files.ts";
import type { Model } from "../../../stack/model.ts";
import { backedUp } from "./context.ts";
import { changeRecord } from "./record.ts";
import { removeTrial } from "./trial.ts";

/*
 * `restore.json`: a restore that is on its way. Until it says `switch` nothing of the machine's is touched, and one
 * that was cut off is forgotten. From then on it is ended, by whoever comes next.
 */

const restoreState = z.discriminatedUnion("phase", [
  z.object({ schemaVersion: z.literal(1), phase: z.literal("apart"), label: z.string() }),
  z.object({
    schemaVersion: z.literal(1),
    phase: z.literal("switch"),
    label: z.string(),
    /** Where the database goes that was there. */
    before: z.string(),
    /** It is out of another machine's repository. */
    foreign: z.boolean(),
  }),
]);

export type RestoreState = z.output<typeof restoreState>;
export type SwitchState = Extract<RestoreState, { phase: "switch" }>;

export function restoredFolder(dataDirectory: string): string {
  return `${dataDirectory}.restored`;
}

export async function writeRestoreState(stateDirectory: string, state: RestoreState): Promise<void> {
  await writeFileAtomic(pathOf(stateDirectory), `${JSON.stringify(state)}\n`, { mode: 0o600 });
}

export async function forgetRestore(stateDirectory: string): Promise<void> {
  await rm(pathOf(stateDirectory), { force: true });
  await syncFolder(stateDirectory);
}

/**
 * Ends a restore that was cut off, or takes away what it had begun. Only while nobody else is at work.
 *
 * @throws StackError `restore-unreadable`; the system's error
 */
export async function resumeRestore(model: Model, io: Pick<Io, "run" | "log" | "signal">): Promise<void> {
  const text = await readTextIfAny(pathOf(model.paths.state));
  if (text === undefined) return;
  const state = parse(text, model.paths.state);
  const of = backedUp(model);
  const into = restoredFolder(of.postgres.dataDirectory);
  if (state.phase === "apart") {
    await removeTrial({ of, into, run: io.run, signal: io.signal });
    await forgetRestore(model.paths.state);
    io.log("warning", `a restore of ${state.label} was cut off before it had changed anything; it is taken away`);
    return;
  }
  io.log("warning", `a restore of ${state.label} was cut off; it is ended now`);
  await switchData(state, model, io);
}

/** Puts what was restored in the place of what is there. Every step of it may come again. */
export async function switchData(
  { before, foreign }: SwitchState,
  model: Model,
  { run, signal }: Pick<Io, "run" | "signal">,
): Promise<void> {
  const { postgres } = backedUp(model);
  const { dataDirectory, unit } = postgres;
  const restored = restoredFolder(dataDirectory);
  if (await exists(restored)) {
    await run("systemctl", ["stop", unit], { signal, timeout: 180_000 });
    if ((await exists(dataDirectory)) && !(await exists(before))) await rename(dataDirectory, before);
    await rename(restored, dataDirectory);
    await syncFolder(dirname(dataDirectory));
  }
  if (foreign) await changeRecord(model.paths.state, (record) => ({ ...record, otherCluster: true }));
  await forgetRestore(model.paths.state);
}

function parse(text: string, stateDirectory: string): RestoreState {
  try {
    return restoreState.parse(JSON.parse(text));
  } catch (cause) {
    throw new StackError(
      "restore-unreadable",
      `${pathOf(stateDirectory)}, which says how far a restore is, is damaged`,
      {
        cause,
        hint: "ls -l /var/lib/postgresql/*: where main is there, remove the file; else mv main.restored main first",
      },
    );
  }
}

function pathOf(stateDirectory: string): string {
  return join(stateDirectory, "restore.json");
}
