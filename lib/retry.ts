import { setTimeout as sleep } from "node:timers/promises";
import { messageOf, StackError } from "./error.ts";
import type { Log } from "./log.ts";

export interface RetryOptions {
  /** Whether another try may end otherwise. */
  readonly passing: (error: unknown) => boolean;
  readonly log: Log;
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds before the second try, the third, … Default: three tries, 1 s and 5 s. */
  readonly waits?: readonly number[] | undefined;
}

/**
 * Tries again, after a while, what failed by something that passes; each time it says so.
 *
 * @throws the last try's error; StackError `aborted` where it is stopped in between
 */
export async function retry<T>(attempt: (number: number) => Promise<T>, options: RetryOptions): Promise<T> {
  const { passing, log, signal, waits = [1_000, 5_000] } = options;
  for (let number = 1; ; number++) {
    try {
      return await attempt(number);
    } catch (error) {
      const wait = waits[number - 1];
      if (wait === undefined || signal?.aborted || !passing(error)) throw error;
      const when = wait < 1000 ? "" : ` in ${wait / 1000} s`;
      log("notice", `${messageOf(error)}: tried again${when} (${number + 1} of ${waits.length + 1})`);
      await sleep(wait, undefined, signal && { signal }).catch(() => {
        throw new StackError("aborted", "stopped between two tries", { cause: signal?.reason, exit: 130 });
      });
    }
  }
}
