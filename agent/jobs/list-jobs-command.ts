import { ExitCode } from "../../lib/error.ts";
import type { JobsDocument } from "../../stack/documents/jobs.ts";
import type { MachinePaths } from "../cli/agent-address.ts";
import { type Output, processOutput } from "../cli/output.ts";
import { askJobs } from "./ask-jobs.ts";
import { jobTable } from "./job-table.ts";

export interface ListJobsOptions extends MachinePaths {
  readonly json?: boolean;
  readonly output?: Output;
}

/**
 * `stack-agent job ls`.
 *
 * @returns 0, or 2 where a job's last run failed
 * @throws StackError `agent-unreachable`
 */
export async function listJobsCommand(options: ListJobsOptions = {}): Promise<number> {
  const { write, colours } = options.output ?? processOutput();
  const { jobs } = await askJobs(options);
  const document: JobsDocument = { schemaVersion: 1, jobs };
  write(options.json ? `${JSON.stringify(document)}\n` : `${jobTable(jobs, new Date(), colours).join("\n")}\n`);
  return jobs.some(({ lastError }) => lastError !== undefined) ? ExitCode.degraded : ExitCode.healthy;
}
