import { isStackError, StackError } from "../error.ts";
import type { Log } from "../log.ts";

/** How a build shows itself. Debug lines are the running command's: the newest stands for "it moves". */
export interface Progress {
  /** Runs one step, timed and announced. A StackError from it comes back naming the step. */
  step<T>(name: string, title: string, use: () => Promise<T>, ended?: Ended<T>): Promise<T>;
  /** Runs two steps at once; ends when both have ended, with the first one's error if one failed. */
  both<A, B>(first: StepSpec<A>, second: StepSpec<B>): Promise<[A, B]>;
  readonly log: Log;
}

/** What is said of a step's end in the place of its time; undefined where its time is what matters. */
export type Ended<T> = (result: T) => Promise<string | undefined>;

export interface StepSpec<T> {
  readonly name: string;
  readonly title: string;
  readonly use: () => Promise<T>;
  readonly ended?: Ended<T>;
}

/** Waits for both, so that nothing still runs when an error is thrown. */
export async function bothSettled<A, B>(first: Promise<A>, second: Promise<B>): Promise<[A, B]> {
  await Promise.allSettled([first, second]);
  return [await first, await second];
}

/** An error with the step it happened in as the beginning of its message. */
export function inStep(name: string, error: unknown): unknown {
  if (!isStackError(error) || error.code === "aborted") return error;
  const { code, message, hint, cause, detail, exit } = error;
  return new StackError(code, `${name}: ${message}`, { hint, detail, exit, ...(cause === undefined ? {} : { cause }) });
}

/** "7.4 s", "1 min 12 s". */
export function elapsed(milliseconds: number): string {
  const seconds = milliseconds / 1000;
  return seconds < 60 ? `${seconds.toFixed(1)} s` : `${Math.floor(seconds / 60)} min ${Math.floor(seconds % 60)} s`;
}
