import { isStackError } from "../../lib/error.ts";
import type { Run } from "../../lib/run.ts";

export interface FailedCommand {
  readonly command: string;
  readonly args: readonly string[];
}

/** A `run` that remembers the command that failed last. */
export function failureRecorder(run: Run): { readonly run: Run; readonly last: () => FailedCommand | undefined } {
  let last: FailedCommand | undefined;
  return {
    last: () => last,
    run: async (command, args, options) => {
      try {
        return await run(command, args, options);
      } catch (error) {
        // What was stopped because another command failed did not fail by itself.
        if (isStackError(error) && error.code !== "aborted") last = { command, args };
        throw error;
      }
    },
  };
}
