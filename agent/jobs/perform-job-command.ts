import { ExitCode, StackError } from "../../lib/error.ts";
import type { Log } from "../../lib/log.ts";
import { machinePaths } from "../../stack/machine-paths.ts";
import { requireRoot } from "../cli/require-root.ts";
import { rootJobs } from "./root-jobs.ts";

export interface PerformJobOptions {
  readonly job: string;
  readonly runFolder?: string;
  readonly log: Log;
  readonly signal: AbortSignal;
  readonly userId: number | undefined;
}

/**
 * `stack-agent job perform NAME`: what `stack-job@NAME.service` runs.
 *
 * @throws StackError `no-such-job` (exit 64), `not-root`
 */
export async function performJobCommand({ job, runFolder, log, signal, userId }: PerformJobOptions): Promise<number> {
  const found = Object.entries(rootJobs).find(([name]) => name === job);
  if (found === undefined) {
    throw new StackError("no-such-job", `there is no job "${job}"`, {
      hint: `jobs are ${Object.keys(rootJobs).join(", ")}`,
      exit: ExitCode.usage,
    });
  }
  requireRoot(`job perform ${job}`, userId);
  await found[1]({ runFolder: runFolder ?? machinePaths.run, log, signal });
  return ExitCode.healthy;
}
