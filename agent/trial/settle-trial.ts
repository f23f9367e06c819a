import { spawn } from "node:child_process";
import { once } from "node:events";
import { rm } from "node:fs/promises";
import { isLentLock, takeLock } from "../../engine/run/take-lock.ts";
import { markStale, monotonicMicroseconds } from "../../engine/state/stale.ts";
import { isStackError, StackError } from "../../lib/error.ts";
import type { Log } from "../../lib/log.ts";
import type { Run } from "../../lib/run.ts";
import { machinePaths } from "../../stack/machine-paths.ts";
import { removeAdded } from "./remove-added.ts";
import { readTrial, type Trial, undoTrial, upgradeWork } from "./trial.ts";
import { leftUnproven, pruneUnproven } from "./unproven.ts";

export interface SettleOptions {
  readonly run: Run;
  readonly log: Log;
  /** This process's own arguments, for the program that is in force then. */
  readonly args: readonly string[];
}

/**
 * An upgrade that was cut off, by a power cut say, is taken back before anything is provisioned; the release that
 * was before does the rest. What an upgrade has laid that was killed goes too.
 *
 * @returns the exit code of what was done by that release; undefined where nothing was on trial
 * @throws StackError `already-running`, `trial-unreadable`
 */
export async function settleTrial({ run, log, args }: SettleOptions): Promise<number | undefined> {
  const { state, run: runFolder } = machinePaths;
  if (await isLentLock(runFolder)) return undefined;
  if ((await readTrial(state)) === undefined && (await leftUnproven(state)).length === 0) return undefined;
  const lock = await takeLock(runFolder, run);
  try {
    // It may have been decided while another held the lock.
    const trial = await readTrial(state);
    if (trial !== undefined) {
      log("warning", `the upgrade to ${trial.to} was cut off: back to ${trial.from}`);
      await markStale(runFolder, "stack-agent.service", monotonicMicroseconds());
      await removeAdded(trial.added, run);
      await undoTrial(state, trial);
      await rm(upgradeWork, { recursive: true, force: true });
    }
    await pruneUnproven(state);
    if (trial === undefined) return undefined;
  } finally {
    await lock.close();
  }
  const child = spawn("/usr/bin/stack-agent", [...args], { stdio: "inherit" });
  const [code] = (await once(child, "exit")) as [number | null];
  return code ?? 1;
}

/**
 * For what would work with a release that is taken back by the next provisioning. One that is on trial just now
 * is no matter: who upgrades holds the engine's lock.
 *
 * @throws StackError `upgrade-cut-off`, `trial-unreadable`
 */
export async function refuseCutOff(run: Run): Promise<void> {
  const trial = await cutOffTrial(run);
  if (trial === undefined) return;
  throw new StackError("upgrade-cut-off", `the upgrade from ${trial.from} to ${trial.to} was cut off`, {
    hint: "stack-agent provision takes it back; so does the next boot",
  });
}

/** The trial that nobody is at work with; undefined where there is none. @throws StackError `trial-unreadable` */
export async function cutOffTrial(run: Run): Promise<Trial | undefined> {
  const { state, run: runFolder } = machinePaths;
  if ((await isLentLock(runFolder)) || (await readTrial(state)) === undefined) return undefined;
  const lock = await takeLock(runFolder, run).catch((error: unknown) => {
    if (isStackError(error) && error.code === "already-running") return undefined;
    throw error;
  });
  if (lock === undefined) return undefined;
  try {
    return await readTrial(state);
  } finally {
    await lock.close();
  }
}
