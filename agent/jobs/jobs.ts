import { loadJobs } from "../../components/agent.ts";
import type { Job } from "../../engine/job.ts";
import { StackError } from "../../lib/error.ts";
import { type RootJobName, rootJobNames, rootJobSchedule } from "../../stack/components/agent/root-jobs.ts";
import type { DriftDocument } from "../../stack/documents/drift.ts";
import type { Model } from "../../stack/model.ts";
import { readDrift } from "../drift/drift-file.ts";
import { howItEnded } from "./how-it-ended.ts";
import { requestJob } from "./request-job.ts";

/** What was found may be put right by hand, or by itself: a unit that is just being restarted, say. */
const LOOK_AGAIN = 60_000;

/** Seconds. */
const STOPPING = 30;

/** What a job that needs root says went wrong, and whether it is to look again soon. */
const outcomes: {
  readonly [Name in RootJobName]: {
    readonly error: (runFolder: string) => Promise<DriftDocument["error"]>;
    readonly again: (runFolder: string) => Promise<number | undefined>;
  };
} = {
  drift: {
    error: async (runFolder) => (await readDrift(runFolder))?.error,
    again: async (runFolder) => {
      const found = await readDrift(runFolder);
      return found?.differences.length || found?.failing?.length ? LOOK_AGAIN : undefined;
    },
  },
};

/** The jobs of a stack. */
export async function stackJobs(model: Model): Promise<readonly Job[]> {
  return [
    ...(await loadJobs(model)),
    ...rootJobNames.flatMap((name): Job[] => {
      const schedule = rootJobSchedule(name, model.definition);
      const run: Job["run"] = async (_, signal) => {
        await requestJob(name, model.paths.run, signal);
        const error = await outcomes[name].error(model.paths.run);
        if (error !== undefined)
          throw new StackError(error.code, error.message, { hint: error.hint, detail: error.detail });
      };
      const again = () => outcomes[name].again(model.paths.run);
      return schedule === undefined ? [] : [{ name, schedule, run, again }];
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
