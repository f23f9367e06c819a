import { createHash, timingSafeEqual } from "node:crypto";
import type { Clock } from "../../lib/clock.ts";

/** What a request's Authorization header entitles to. `refused`: a token was shown, and it is not ours. */
export type Entitlement = "public" | "detail" | "refused";

/** Milliseconds between two reads of the token's file. */
const rereadAfter = 1000;

/**
 * Judges `Authorization: Bearer TOKEN`. The token is read on first need and again, once a
 * second at most, while what is shown differs from it: a first boot makes it after the
 * agent has started. Comparison takes the same time for every
 * token. While there is no token, nothing can be refused.
 */
export function tokenGate(
  readToken: () => Promise<string | undefined>,
  clock: Clock,
): (authorization: string | undefined) => Promise<Entitlement> {
  let expected: string | undefined;
  let readAt = Number.NEGATIVE_INFINITY;
  return async (authorization) => {
    if (authorization === undefined) return "public";
    const shown = /^Bearer +(\S+)$/i.exec(authorization)?.[1];
    if (shown === undefined) return "refused";
    if (expected !== undefined && same(shown, expected)) return "detail";
    if (clock.now() - readAt >= rereadAfter) {
      readAt = clock.now();
      expected = await readToken();
    }
    if (expected === undefined) return "public";
    return same(shown, expected) ? "detail" : "refused";
  };
}

function same(a: string, b: string): boolean {
  const digest = (text: string): Buffer => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}
