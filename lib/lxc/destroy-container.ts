import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { isErrno } from "../error.ts";
import { exists } from "../files.ts";
import type { Run } from "../run.ts";
import type { Container } from "./container.ts";
import type { Effects } from "./effects.ts";
import { removeCgroups } from "./remove-cgroups.ts";
import { isRootFolder } from "./root-folder.ts";
import { stopContainer } from "./stop-container.ts";

/** Ends a container and removes all of it: processes, cgroups, files. Done twice it does nothing. */
export async function destroyContainer(options: { readonly container: Container } & Effects): Promise<void> {
  const { container } = options;
  const folder = join(container.lxcPath, container.name);
  if (!(await exists(folder))) return;
  if (await exists(container.network.namespace)) {
    // Not the caller's signal: cleaning up is what happens after it aborted.
    await stopContainer({ ...options, kill: true, signal: undefined }).catch((error: unknown) => {
      options.log("warning", `container ${container.name} did not stop by itself: ${String(error)}`);
    });
  }
  await removeCgroups(container.name);
  await removeFolder(folder, options.run);
}

/** Removes a container's folder. Its files may be a mount of their own: nothing below that is touched. */
export async function removeFolder(folder: string, run: Run): Promise<void> {
  const names = await readdir(folder).catch((error: unknown) => {
    if (isErrno(error, "ENOENT", "ENOTDIR")) return [];
    throw error;
  });
  for (const name of names.filter(isRootFolder)) {
    // 32: they are none.
    await run("umount", ["--lazy", join(folder, name)], { accept: [0, 32] });
  }
  await rm(folder, { recursive: true, force: true });
}
