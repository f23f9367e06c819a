import { StackError } from "../../lib/error.ts";

/**
 * What is said of an entry of which something is not as it was stored. Its `detail` is the
 * entry's folder: who catches it removes that and builds again.
 */
export function damaged(folder: string, what: string, cause?: unknown): StackError {
  return new StackError("damaged-layer", `a cached layer is damaged: ${what} in ${folder}`, {
    hint: "build again; `build-template cache prune --all` empties the cache",
    detail: [folder],
    ...(cause === undefined ? {} : { cause }),
  });
}
