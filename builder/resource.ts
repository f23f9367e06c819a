import { join } from "node:path";
import { projectFolder } from "../lib/project-folder.ts";

/** Where a file of the builder's own is, e.g. `resource("layers/base/customize.sh")`. */
export function resource(path: string): string {
  return join(projectFolder, "builder", path);
}
