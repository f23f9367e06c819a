import { loadJobs } from "../../components/agent.ts";
import type { Job } from "../../engine/job.ts";
import { StackError } from "../../lib/error.ts";
import { type RootJobName, rootJobNames, rootJobSchedule } from "../../stack/components/agent/root-jobs.ts";
import type { DriftDocument } from "../../stack/documents/drift.ts";
import type { Model } from "../../stack/model.ts";
import { readDrift } from "../drift/drift-file.ts";
import { requestRootJob } from "./request-root-job.ts";

/** What was found may be put right by hand, or by itself: a unit that is just being restarted, say. */
const LOOK_AGAIN = 60_000;

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
        await requestRootJob(name, model.paths.run, signal);
        const error = await outcomes[name].error(model.paths.run);
        if (error !== undefined)
          throw new StackError(error.code, error.message, { hint: error.hint, detail: error.detail });
      };
      const again = () => outcomes[name].again(model.paths.run);
      return schedule === undefined ? [] : [{ name, schedule, run, again }];
    }),
  ];
}
