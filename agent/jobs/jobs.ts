import { loadJobs } from "../../components/agent.ts";
import type { Job } from "../../engine/job.ts";
import { StackError } from "../../lib/error.ts";
import {
  type RootJobName,
  rootJobNames,
  rootJobSchedule,
  updatesTimeout,
} from "../../stack/components/agent/root-jobs.ts";
import type { Model } from "../../stack/model.ts";
import { readDrift } from "../drift/read-drift.ts";
import { howItEnded } from "./how-it-ended.ts";
import { requestJob } from "./request-job.ts";

/** What was found may be put right by hand, or by itself: a unit that is just being restarted, say. */
const LOOK_AGAIN = 60_000;

/** Seconds. */
const STOPPING = 30;

interface RootJobOutcome {
  /** Seconds that its unit gives it, where that is more than a minute or two. */
  readonly timeout?: number;
  /** What went wrong. */
  error(runFolder: string): Promise<StackError | undefined>;
  /** Whether it is to look again soon, milliseconds. */
  again?(runFolder: string): Promise<number | undefined>;
}

/** What comes of a job that needs root. */
const outcomes: { readonly [Name in RootJobName]: RootJobOutcome } = {
  drift: {
    error: async (runFolder) => {
      const error = (await readDrift(runFolder))?.error;
      if (error === undefined) return undefined;
      return new StackError(error.code, error.message, { hint: error.hint, detail: error.detail });
    },
    again: async (runFolder) => {
      const found = await readDrift(runFolder);
      return found?.differences.length || found?.failing?.length ? LOOK_AGAIN : undefined;
    },
  },
  pending: { error: (runFolder) => asTold("pending", 120, runFolder) },
  certificates: { error: (runFolder) => asTold("certificates", 120, runFolder) },
  updates: { timeout: updatesTimeout, error: (runFolder) => asTold("updates", updatesTimeout, runFolder) },
};

/** As systemd told when its unit ended. */
async function asTold(name: RootJobName, timeout: number, runFolder: string): Promise<StackError | undefined> {
  const failure = await howItEnded({ name, timeout, unit: `stack-job@${name}.service` }, runFolder);
  return failure === undefined ? undefined : new StackError("job-failed", failure);
}

/** The jobs of a stack. */
export async function stackJobs(model: Model): Promise<readonly Job[]> {
  return [
    ...(await loadJobs(model)),
    ...rootJobNames.flatMap((name): Job[] => {
      const schedule = rootJobSchedule(name, model.definition);
      const { timeout, error, again } = outcomes[name];
      const longest = timeout === undefined ? undefined : (timeout + STOPPING) * 1000;
      const run: Job["run"] = async (_, signal) => {
        await requestJob(name, model.paths.run, signal, longest);
        const failure = await error(model.paths.run);
        if (failure !== undefined) throw failure;
      };
      const more = {
        ...(again && { again: () => again(model.paths.run) }),
        ...(longest !== undefined && { timeout: longest + 1000 }),
      };
      return schedule === undefined ? [] : [{ name, schedule, run, ...more }];
    }),
    ...model.jobs.map((job): Job => {
      // The unit ends it in time, and tells so; what is waited for beside that is its stop.
      const longest = (job.timeout + STOPPING) * 1000;
      const run: Job["run"] = async (_, signal) => {
        await requestJob(job.name, model.paths.run, signal, longest);
        const failure = await howItEnded(job, model.paths.run);
        if (failure !== undefined) throw new StackError("job-failed", failure);
      };
      return { name: job.name, schedule: job.schedule, timeout: longest + 1000, run };
    }),
  ];
}
