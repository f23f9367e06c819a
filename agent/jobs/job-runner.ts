import { CronJob } from "cron";
import { Settings } from "luxon";
import type { CheckContext } from "../../engine/check.ts";
import type { Job } from "../../engine/job.ts";
import type { Clock } from "../../lib/clock.ts";
import { messageOf, StackError } from "../../lib/error.ts";
import type { Log } from "../../lib/log.ts";
import { within } from "../../lib/within.ts";
import { messageIds } from "../../stack/message-ids.ts";

/** How a job stands. Times are ISO 8601. */
export interface JobState {
  readonly name: string;
  readonly schedule: string;
  /** It runs whatever provisioning does. */
  readonly always?: true;
  readonly lastRun?: string;
  readonly lastSeconds?: number;
  /** Present where the last run failed. */
  readonly lastError?: string;
  readonly nextRun?: string;
  readonly runs: number;
  readonly failures: number;
}

export interface JobRunner {
  states(): readonly JobState[];
  /** Has a job run now, before its turn, unless it does; nothing where there is no such job. */
  hurry(name: string): void;
  /** Cancels what runs and waits for it, half a second at most. */
  stop(): Promise<void>;
}

export interface JobRunnerOptions {
  readonly jobs: readonly Job[];
  readonly context: CheckContext;
  readonly clock: Clock;
  readonly log: Log;
  readonly timeZone: string;
  /** A turn that comes while this says no is left out, e.g. while provisioning runs. */
  readonly ready: () => boolean;
  /** Milliseconds after which a run is cancelled. Default ten minutes. */
  readonly timeout?: number;
}

/** Runs jobs by their schedules; a turn that comes while the last run still goes on is left out. */
export function jobRunner(options: JobRunnerOptions): JobRunner {
  // cron reckons by luxon, which asks Intl for the language of texts that nobody prints: seven megabytes.
  Settings.defaultLocale = "en-US";
  const running = new Set<AbortController>();
  const runs = options.jobs.map((job) => {
    let state: JobState = { ...declared(job), runs: 0, failures: 0 };
    let soon: NodeJS.Timeout | undefined;
    const cron = CronJob.from({
      cronTime: job.schedule,
      timeZone: zoneOf(options.timeZone),
      waitForCompletion: true,
      start: true,
      runOnInit: job.always === true,
      onTick: async () => {
        clearTimeout(soon);
        if (job.always !== true && !options.ready()) return;
        const controller = new AbortController();
        running.add(controller);
        state = await runJob(job, state, controller, options);
        running.delete(controller);
        const wait = controller.signal.aborted ? undefined : await job.again?.();
        if (wait !== undefined && cron.isActive)
          soon = setTimeout(() => cron.isActive && cron.fireOnTick(), wait).unref();
      },
      errorHandler: (error) => options.log("error", `job ${job.name}: ${messageOf(error)}`),
    });
    let next = new Date(0);
    return {
      name: job.name,
      cron,
      state: (): JobState => ({
        ...state,
        // Worked out once a turn, and only where somebody asks: health asks a thousand times a second, or never.
        get nextRun(): string {
          if (next <= options.clock.date()) next = cron.nextDate().toJSDate();
          return next.toISOString();
        },
      }),
    };
  });
  return {
    states: () => runs.map((run) => run.state()),
    hurry: (name) => {
      for (const { cron } of runs.filter((run) => run.name === name)) void cron.fireOnTick();
    },
    stop: async () => {
      const stopping = runs.map((run) => run.cron.stop());
      for (const controller of running) controller.abort(new StackError("aborted", "the agent is stopping"));
      await within(500, Promise.all(stopping));
    },
  };
}

/** luxon asks Intl for every zone that is not called UTC. */
function zoneOf(timeZone: string): string {
  return timeZone === "Etc/UTC" ? "UTC" : timeZone;
}

/** One run; gives the job's new state, never rejects. */
async function runJob(
  job: Job,
  state: JobState,
  controller: AbortController,
  options: JobRunnerOptions,
): Promise<JobState> {
  const { clock, log } = options;
  const timeout = job.timeout ?? options.timeout ?? 600_000;
  const started = clock.now();
  const lastRun = clock.date().toISOString();
  const timer = setTimeout(() => {
    controller.abort(new StackError("timeout", `did not end within ${timeout / 1000} s`));
  }, timeout);
  let lastError: string | undefined;
  try {
    await job.run(options.context, controller.signal);
  } catch (error) {
    lastError = messageOf(controller.signal.aborted ? controller.signal.reason : error);
  } finally {
    clearTimeout(timer);
  }
  if (lastError !== undefined && lastError !== state.lastError) {
    log("warning", `job ${job.name} failed: ${lastError}`, { MESSAGE_ID: messageIds.jobFailed, STACK_JOB: job.name });
  }
  if (lastError === undefined && state.lastError !== undefined) log("notice", `job ${job.name} works again`);
  return {
    ...declared(job),
    lastRun,
    lastSeconds: Math.round(clock.now() - started) / 1000,
    ...(lastError === undefined ? {} : { lastError }),
    runs: state.runs + 1,
    failures: state.failures + (lastError === undefined ? 0 : 1),
  };
}

function declared({ name, schedule, always }: Job): Pick<JobState, "name" | "schedule" | "always"> {
  return { name, schedule, ...(always && { always }) };
}
