import type { Log } from "../../lib/log.ts";

export interface RootJobContext {
  /** `/run/stack-agent`. */
  readonly runFolder: string;
  readonly log: Log;
  readonly signal: AbortSignal;
}

/** Work that needs root. Tells what came of it in a file of the run folder. */
export type RootJob = (context: RootJobContext) => Promise<void>;
