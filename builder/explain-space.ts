import { StackError } from "../lib/error.ts";

/**
 * Tells that the work folder's disk is full, whichever program or call found it so.
 *
 * @throws StackError `work-full`; any other error as it is
 */
export function explainSpace(error: unknown): never {
  const full = /No space left on device|Disk quota exceeded|ENOSPC|EDQUOT/;
  const text = error instanceof StackError ? [error.message, ...error.detail].join("\n") : String(error);
  if (!full.test(text)) throw error;
  throw new StackError("work-full", "no space is left for the work folder", {
    cause: error,
    hint: "choose another: TMPDIR=/path/with/space build-template …",
  });
}
