import type { Test } from "tap";
import { stderrLog } from "../../lib/log.ts";
import { findObstacles } from "../../lib/lxc/find-obstacles.ts";
import { ensureSubordinateIds } from "../../lib/lxc/subordinate-ids.ts";

/** Where test containers live: a folder every user may pass through, on a disk and not in memory. */
export const workFolder = process.env.STACK_WORK ?? "/var/tmp/stack-containers";

/**
 * Whether containers run here. Where they don't, the test is skipped with its reasons on a
 * workstation and fails under CI=true.
 */
export async function canRunContainers(t: Test): Promise<boolean> {
  if (process.getuid?.() === 0) await ensureSubordinateIds({ log: stderrLog });
  const obstacles = await findObstacles(workFolder);
  return needs(t, obstacles.map(({ message, fix }) => `${message} (${fix})`).join("; "));
}

/** An empty reason goes on; any other skips the file, or fails it under CI=true. */
export function needs(t: Test, reason: string): boolean {
  if (reason === "") return true;
  if (process.env.CI === "true") t.fail(`not possible here, and CI must do it: ${reason}`);
  else t.pass(`skipped: ${reason}`, { skip: reason });
  return false;
}
