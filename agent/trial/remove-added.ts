import { rm, rmdir } from "node:fs/promises";
import type { Run } from "../../lib/run.ts";
import { currentLink, releaseFolder, releasesFolder } from "../../stack/releases.ts";
import type { AddedService } from "./trial.ts";

/**
 * Takes away what services run by that only what was on trial has: their units, stopped, their files, what was made
 * of them. Accounts and queues stay, as data does, and what was deployed earlier.
 */
export async function removeAdded(added: readonly AddedService[], run: Run): Promise<void> {
  if (added.length === 0) return;
  const units = added.flatMap((one) => one.units);
  // Some may not be there yet.
  const accept = [0, 1, 5];
  await run("systemctl", ["disable", "--now", "--quiet", "--", ...units], { accept, timeout: 120_000 });
  for (const { files, folder, release } of added) {
    for (const path of [...files, currentLink({ folder })]) await rm(path, { force: true });
    if (release !== undefined) await rm(releaseFolder({ folder }, release), { recursive: true, force: true });
    for (const path of [releasesFolder({ folder }), folder]) await rmdir(path).catch(() => {});
  }
  await run("systemctl", ["daemon-reload"]);
  await run("systemctl", ["reset-failed", "--", ...units], { accept });
}
