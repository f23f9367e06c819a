import type { Suite } from "../../stack/debian.ts";

/** How much is tested. */
export interface Extent {
  /** This Debian alone; undefined: the default stack's, and of the other what differs there. */
  readonly debian: Suite | undefined;
  /** All there is, on both Debians, however long it takes. */
  readonly long: boolean;
  /** Rounds of faults at random moments. */
  readonly cuts: number;
}
