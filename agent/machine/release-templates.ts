import { existsSync, realpathSync } from "node:fs";
import { dirname, join } from "node:path";
import { installedTemplates } from "../../engine/installed-templates.ts";
import { machinePaths } from "../../stack/machine-paths.ts";
import type { Templates } from "../../stack/render/render.ts";

/**
 * The templates of the release that this program is of, also before it is in force, and after: never another's.
 * A checkout's program has none beside it: it takes those in force.
 *
 * @param program the running program's file, `process.argv[1]`
 */
export function releaseTemplates(program: string | undefined): Templates {
  const own = program === undefined ? undefined : join(dirname(dirname(realpathSync(program))), "share", "templates");
  return installedTemplates(own !== undefined && existsSync(own) ? own : `${machinePaths.share}/templates`);
}
