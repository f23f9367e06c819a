import { setTimeout as sleep } from "node:timers/promises";
import { isErrno } from "./error.ts";

const unreached = ["ECONNREFUSED", "ECONNRESET", "EHOSTUNREACH", "ENETUNREACH", "ENOTFOUND", "ETIMEDOUT", "EAI_AGAIN"];

/** Milliseconds by which each begins later than the one before: who answers at once is the only one asked. */
const HEAD_START = 300;

/**
 * What opens first of several, the earlier ones asked earlier: one that is off, and never answers, holds up nobody. What
 * opens later is dropped.
 *
 * @throws the signal's reason; where none opens, what one said that was reached, else what the first one threw
 */
export async function firstOf<Place, Open>(
  places: readonly Place[],
  signal: AbortSignal,
  open: (place: Place, signal: AbortSignal) => Promise<Open>,
  drop: (opened: Open) => void,
): Promise<Open> {
  const decided = new AbortController();
  const limited = AbortSignal.any([signal, decided.signal]);
  const tries = places.map(async (place, index) => {
    if (index > 0) await sleep(index * HEAD_START, undefined, { signal: limited });
    return open(place, limited);
  });
  try {
    const first = await Promise.any(tries);
    for (const one of tries) one.then((opened) => opened !== first && drop(opened)).catch(() => {});
    return first;
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof AggregateError)) throw error;
    throw error.errors.find((one) => !isErrno(one, ...unreached)) ?? error.errors[0];
  } finally {
    decided.abort();
  }
}
