import { ExitCode, StackError } from "../../lib/error.ts";
import { waitFor } from "../../lib/wait.ts";
import type { JobsDocument } from "../../stack/documents/jobs.ts";
import { machinePaths } from "../../stack/machine-paths.ts";
import type { MachinePaths } from "../cli/agent-address.ts";
import { requireRoot } from "../cli/require-root.ts";
import { askJobs } from "./ask-jobs.ts";
import { askForRun } from "./asked-runs.ts";

type Standing = JobsDocument["jobs"][number];

export interface RunJobOptions extends MachinePaths {
  readonly job: string;
  readonly json?: boolean;
  readonly signal: AbortSignal;
  readonly write: (text: string) => void;
  readonly userId: number | undefined;
}

/** Longer than any job may take (`jobs.NAME.timeout`), milliseconds. */
const LONGEST = 25 * 3_600_000;

/**
 * `stack-agent job run NAME`: asks the agent, and waits until a run has ended that was not over yet.
 *
 * @returns 0 it went well; 1 it failed
 * @throws StackError `not-root`, `no-such-job` (64), `provisioning`, `not-provisioned`, `agent-unreachable`, `aborted`
 */
export async function runJobCommand({ job, json, signal, write, userId, ...paths }: RunJobOptions): Promise<number> {
  requireRoot(`job run ${job}`, userId);
  const { jobs } = await askJobs(paths);
  if (!jobs.some(({ name }) => name === job)) {
    throw new StackError("no-such-job", `there is no job "${job}"`, {
      hint: `jobs are ${jobs.map(({ name }) => name).join(", ")}`,
      exit: ExitCode.usage,
    });
  }
  const asked = Date.now();
  await askForRun(job, paths.runFolder ?? machinePaths.run);
  const ended = await waitFor(() => endedSince(job, asked, paths), {
    what: `the job ${job} to end`,
    timeout: LONGEST,
    interval: 250,
    signal,
  });
  if (ended === "provisioning") {
    throw new StackError("provisioning", "no job runs while provisioning does", {
      hint: `stack-agent status --wait, then stack-agent job run ${job}`,
    });
  }
  if (ended === "not-provisioned") {
    throw new StackError("not-provisioned", "no job runs until provisioning has ended well", {
      hint: `stack-agent status says what failed; stack-agent provision, then stack-agent job run ${job}`,
    });
  }
  if (json) write(`${JSON.stringify({ schemaVersion: 1, jobs: [ended] } satisfies JobsDocument)}\n`);
  else write(`${job}: ${ended.lastError ?? "ended well"}, after ${ended.lastSeconds?.toFixed(2)} s.\n`);
  return ended.lastError === undefined ? ExitCode.healthy : ExitCode.failed;
}

/** How the job stands, once a run has ended since then, or why none will; undefined before. */
async function endedSince(
  job: string,
  asked: number,
  paths: MachinePaths,
): Promise<Standing | "provisioning" | "not-provisioned" | undefined> {
  const { stages, jobs } = await askJobs(paths);
  const found = jobs.find(({ name }) => name === job);
  const { always, lastRun, lastSeconds = 0 } = found ?? {};
  if (lastRun !== undefined && Date.parse(lastRun) + lastSeconds * 1000 >= asked) return found;
  if (always) return undefined;
  if (stages.some(({ status }) => status === "failed")) return "not-provisioned";
  return stages.length > 0 && stages.every(({ status }) => status === "done") ? undefined : "provisioning";
}
