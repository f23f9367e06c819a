import { StackError } from "./error.ts";

export interface Deadline {
  /** Who must answer by then: "PostgreSQL on port 5432". */
  readonly who: string;
  /** Milliseconds. */
  readonly timeout: number;
  readonly hint: string;
}

/**
 * Uses a server with a signal that aborts when `signal` does, and at the deadline: a server that
 * stands still must hold up nobody for ever.
 *
 * @throws StackError `timeout`, where `use` rejects with its signal's reason; what `use` throws
 */
export async function withinDeadline<T>(
  { who, timeout, hint }: Deadline,
  signal: AbortSignal,
  use: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const late = new AbortController();
  const timer = setTimeout(() => {
    late.abort(new StackError("timeout", `${who} did not answer within ${timeout / 1000} s`, { hint }));
  }, timeout);
  try {
    return await use(AbortSignal.any([signal, late.signal]));
  } finally {
    clearTimeout(timer);
  }
}
