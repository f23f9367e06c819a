import { join } from "node:path";

/**
 * Top of this project: the folder of package.json. In a checkout this module lies in
 * builder/, in the npm package it is part of a bundle: both one level below the top.
 */
export const projectFolder = join(import.meta.dirname, "..");

/** Where a file of the builder's own is, e.g. `resource("layers/base/customize.sh")`. */
export function resource(path: string): string {
  return join(projectFolder, "builder", path);
}
