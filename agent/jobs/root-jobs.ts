import type { Log } from "../../lib/log.ts";
import type { RootJobName } from "../../stack/components/agent/root-jobs.ts";
import { driftJob } from "./drift-job.ts";

export interface RootJobContext {
  /** `/run/stack-agent`. */
  readonly runFolder: string;
  readonly log: Log;
  readonly signal: AbortSignal;
}

/** Work that needs root. Tells what came of it in a file of the run folder. */
export type RootJob = (context: RootJobContext) => Promise<void>;

/** What `stack-agent job perform NAME` runs, in `stack-job@NAME.service`. */
export const rootJobs: { readonly [Name in RootJobName]: RootJob } = { drift: driftJob };
