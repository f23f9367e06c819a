import type { CheckContext } from "../../engine/check.ts";
import { StackError } from "../../lib/error.ts";
import { type RootJobName, rootJobNames, rootJobSchedule } from "../../stack/components/stack-agent/root-jobs.ts";
import type { DriftDocument } from "../../stack/documents/drift.ts";
import type { Model } from "../../stack/model.ts";
import { readDrift } from "../drift/drift-file.ts";
import { refreshView } from "./refresh-view.ts";
import { requestRootJob } from "./request-root-job.ts";

/** Work the agent does on a schedule, as its own unprivileged user, or asks systemd for. */
export interface Job {
  readonly name: string;
  /** Five cron fields, in the stack's time zone. */
  readonly schedule: string;
  /** Rejects where it failed or the signal aborted. */
  run(context: CheckContext, signal: AbortSignal): Promise<void>;
  /** Asked after each run: milliseconds after which it runs again before its turn. */
  again?(): Promise<number | undefined>;
}

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
export function jobs(model: Model): readonly Job[] {
  return [
    ...(model.postgres === undefined
      ? []
      : [{ name: "refresh-view", schedule: model.postgres.viewRefresh, run: refreshView(model.postgres) }]),
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
