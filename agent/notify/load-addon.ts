import { createRequire } from "node:module";
import { isErrno } from "../../lib/error.ts";

/**
 * Loads a native addon: the first candidate there is, as seen from the running program's
 * file. In the container that is the copy beside the bundle (`./unix-socket.node`), in a
 * checkout the npm package.
 *
 * @returns undefined where none is there, or none fits this Node.
 */
export function loadAddon(program: string, candidates: readonly string[]): unknown {
  const load = createRequire(program);
  for (const candidate of candidates) {
    try {
      return load(candidate);
    } catch (error) {
      if (!isErrno(error, "MODULE_NOT_FOUND", "ERR_DLOPEN_FAILED", "ENOENT", "ERR_INVALID_ARG_VALUE")) throw error;
    }
  }
  return undefined;
}
