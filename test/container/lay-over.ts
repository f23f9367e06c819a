import { chown, mkdir, readFile, writeFile } from "node:fs/promises";
import { isErrno } from "../../lib/error.ts";
import type { Effects } from "../../lib/lxc/effects.ts";
import { idMap } from "../../lib/lxc/id-map.ts";

/**
 * Mounts an empty folder to show another one's files and keep only what changes (overlayfs): at
 * once, where making them takes seconds. What lies below must stay as it is meanwhile.
 *
 * @param below a folder of files, or one that was laid over others itself
 * @param rootfs the empty folder; `.upper`, `.work` and `.lower` are made beside it
 */
export async function layOver(below: string, rootfs: string, { run }: Pick<Effects, "run">): Promise<void> {
  const lower = await layersOf(below);
  const [upper, work] = [`${rootfs}.upper`, `${rootfs}.work`];
  await mkdir(upper);
  await mkdir(work);
  await chown(upper, idMap.base, idMap.base);
  await writeFile(`${rootfs}.lower`, lower.join("\n"));
  // redirect_dir: a folder from below can be renamed, as on any other file system. index: what
  // is another's upper folder may lie below.
  const options = `lowerdir=${lower.join(":")},upperdir=${upper},workdir=${work},redirect_dir=on,index=off`;
  await run("mount", ["-t", "overlay", "overlay", "-o", options, rootfs]);
}

/** What a folder shows, uppermost first. The kernel takes no more than two overlays on each other, but many layers in one. */
async function layersOf(folder: string): Promise<readonly string[]> {
  try {
    return [`${folder}.upper`, ...(await readFile(`${folder}.lower`, "utf8")).split("\n")];
  } catch (error) {
    if (isErrno(error, "ENOENT")) return [folder];
    throw error;
  }
}
