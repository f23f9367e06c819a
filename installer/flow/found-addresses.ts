import type { AskedAddress } from "../../stack/net-addresses.ts";

/** What there is of what was asked for. */
export interface FoundAddresses {
  /** What is asked for first, in that order. */
  readonly addresses: readonly string[];
  /** What isn't there. */
  readonly missing: readonly AskedAddress[];
  /** What the node does not tell of. */
  readonly untold: readonly AskedAddress[];
}
