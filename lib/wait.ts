import { setTimeout as sleep } from "node:timers/promises";
import { StackError } from "./error.ts";

export interface WaitOptions {
  /** What is waited for, for the message: "PostgreSQL to accept connections". */
  readonly what: string;
  /** Milliseconds until the wait fails. */
  readonly timeout: number;
  /** Milliseconds between two looks. Default 50. */
  readonly interval?: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Looks again and again until `look` gives something other than undefined or false.
 * A look that throws counts as "not yet"; its error is the cause when time runs out.
 *
 * @throws StackError `timeout`, `aborted`.
 */
export async function waitFor<T>(
  look: (signal: AbortSignal) => Promise<T | undefined | false>,
  options: WaitOptions,
): Promise<T> {
  const deadline = AbortSignal.timeout(options.timeout);
  const signal = options.signal === undefined ? deadline : AbortSignal.any([deadline, options.signal]);
  let last: unknown;
  for (;;) {
    try {
      const found = await look(signal);
      if (found !== undefined && found !== false) return found;
      last = undefined;
    } catch (error) {
      last = error;
    }
    if (!signal.aborted) await sleep(options.interval ?? 50, undefined, { signal }).catch(() => {});
    if (options.signal?.aborted) {
      throw new StackError("aborted", `stopped waiting for ${options.what}`, {
        cause: options.signal.reason,
        exit: 130,
      });
    }
    if (deadline.aborted) {
      throw new StackError("timeout", `waited ${options.timeout / 1000} s in vain for ${options.what}`, {
        cause: last,
      });
    }
  }
}
