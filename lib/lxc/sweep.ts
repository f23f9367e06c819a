import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { isErrno } from "../error.ts";
import { removeFolder } from "./destroy-container.ts";
import type { Effects } from "./effects.ts";
import { destroyNamespace } from "./network.ts";
import { containersWithCgroups, removeCgroups } from "./remove-cgroups.ts";
import { isOrphan } from "./run-name.ts";

/**
 * Removes what crashed runs of ours left behind: containers with their processes and
 * cgroups, network namespaces, folders. Known by our prefix and an owner that is dead;
 * nothing else is touched.
 *
 * @returns the names of what was removed.
 */
export async function sweep(options: { readonly folder: string } & Effects): Promise<readonly string[]> {
  const { folder, run, log } = options;
  const containers = [...(await containersWithCgroups())].filter(isOrphan);
  for (const name of containers) await removeCgroups(name);
  const namespaces = (await namesIn("/run/netns")).filter(isOrphan);
  for (const name of namespaces) await destroyNamespace({ name, run });
  const folders = (await namesIn(folder)).filter(isOrphan);
  for (const name of folders) await removeFolder(join(folder, name), run);
  const removed = [...new Set([...containers, ...namespaces, ...folders])];
  for (const name of removed) log("notice", `removed ${name}, left behind by a run that ended early`);
  return removed;
}

async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (isErrno(error, "ENOENT")) return [];
    throw error;
  }
}
