import type { Log } from "../log.ts";
import type { Run } from "../run.ts";

/** What every function of this folder that touches the machine is given. */
export interface Effects {
  readonly run: Run;
  readonly log: Log;
  readonly signal?: AbortSignal | undefined;
}
