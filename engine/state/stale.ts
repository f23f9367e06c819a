import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { isErrno } from "../../lib/error.ts";

/*
 * Which units run with configuration older than what is on disk. A marker holds the moment
 * (CLOCK_MONOTONIC, microseconds, as systemd's …TimestampMonotonic) a file of the unit was
 * written; a unit whose process began before that is stale. Markers live in /run: a reboot
 * starts everything anew.
 */

/** Says that the unit's files change now. Call before and after the write: a crash between the two is noticed. */
export async function markStale(runDirectory: string, unit: string, nowMicroseconds: bigint): Promise<void> {
  const folder = join(runDirectory, "stale");
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, unit), `${nowMicroseconds}\n`);
}

/**
 * Does the work with the units marked as stale, before and after: a crash in it is noticed,
 * and so is a unit that started in between with what was there.
 */
export async function whileStale(
  runDirectory: string,
  units: readonly string[],
  work: () => Promise<void>,
): Promise<void> {
  const mark = async (): Promise<void> => {
    for (const unit of units) await markStale(runDirectory, unit, monotonicMicroseconds());
  };
  await mark();
  await work();
  await mark();
}

export async function clearStale(runDirectory: string, unit: string): Promise<void> {
  await rm(join(runDirectory, "stale", unit), { force: true });
}

/** @param startedMicroseconds when the unit's process began; 0 where it never did */
export async function isStale(runDirectory: string, unit: string, startedMicroseconds: bigint): Promise<boolean> {
  try {
    const text = (await readFile(join(runDirectory, "stale", unit), "utf8")).trim();
    // An empty marker is one whose write was cut off: the file was about to be written.
    return !/^\d+$/.test(text) || BigInt(text) >= startedMicroseconds;
  } catch (error) {
    if (isErrno(error, "ENOENT", "ENOTDIR")) return false;
    throw error;
  }
}

/** Node's monotonic clock is CLOCK_MONOTONIC, the one systemd stamps with. */
export function monotonicMicroseconds(): bigint {
  return process.hrtime.bigint() / 1000n;
}
