import { join } from "node:path";
import { ensureFolder } from "../../lib/files.ts";
import { stderrLog } from "../../lib/log.ts";
import { removeFolder } from "../../lib/lxc/destroy-container.ts";
import { extractTemplate } from "../../lib/lxc/extract-template.ts";
import { findObstacles } from "../../lib/lxc/find-obstacles.ts";
import { runName } from "../../lib/lxc/run-name.ts";
import { ensureSubordinateIds } from "../../lib/lxc/subordinate-ids.ts";
import { run } from "../../lib/run.ts";
import { workFolder } from "../container/needs.ts";

/**
 * Extracts a template as pct does, once, for the containers of all test files to lie over. It is
 * named as a container is: what a crashed run leaves is swept like one.
 *
 * @param use gets the folder; undefined where containers can't run, which each file then says
 */
export async function withExtracted<T>(template: string, use: (rootfs: string | undefined) => Promise<T>): Promise<T> {
  await ensureSubordinateIds({ log: stderrLog });
  if ((await findObstacles(workFolder)).length > 0) return use(undefined);
  const folder = join(workFolder, runName());
  const rootfs = join(folder, "rootfs");
  try {
    await ensureFolder(folder, { mode: 0o755 });
    await extractTemplate({ template, rootfs, run, log: stderrLog });
    return await use(rootfs);
  } finally {
    await removeFolder(folder, run);
  }
}
