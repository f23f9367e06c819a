import { join } from "node:path";
import type { Check, CheckContext } from "../../engine/check.ts";
import type { Job } from "../../engine/job.ts";
import type { Clock } from "../../lib/clock.ts";
import type { Log } from "../../lib/log.ts";
import type { Run } from "../../lib/run.ts";
import { requestFolder, rootJobSchedule } from "../../stack/components/agent/root-jobs.ts";
import { startingComponent } from "../../stack/health-groups.ts";
import { messageIds } from "../../stack/message-ids.ts";
import type { Model } from "../../stack/model.ts";
import { driftPath, readDrift } from "../drift/read-drift.ts";
import { takeAskedRuns } from "../jobs/asked-runs.ts";
import { jobRunner } from "../jobs/job-runner.ts";
import { keepWatchdog } from "../notify/keep-watchdog.ts";
import type { Notifier } from "../notify/notifier.ts";
import { componentStates, runningStages, type Snapshot } from "./component-states.ts";
import { type FileFollower, followFile } from "./follow-file.ts";
import { followProgress } from "./follow-progress.ts";
import { healthServer } from "./health-server.ts";
import { keepHistory } from "./keep-history.ts";
import { openPage } from "./open-page.ts";
import { releaseMemory } from "./release-memory.ts";
import { type CheckResult, type Scheduler, scheduler, type Timing } from "./scheduler.ts";
import { tokenGate } from "./token-gate.ts";

export interface RunAgentOptions {
  readonly model: Pick<Model, "name" | "version" | "versions" | "checks" | "ports" | "definition">;
  /** Loaded after the port answers: the databases' clients take their time. */
  readonly load: () => Promise<{ readonly checks: readonly Check[]; readonly jobs: readonly Job[] }>;
  readonly context: CheckContext;
  /** Where `provision` keeps progress.json. */
  readonly runFolder: string;
  /** Undefined: every address. */
  readonly host?: string | undefined;
  readonly port: number;
  readonly clock: Clock;
  readonly log: Log;
  readonly notifier: Notifier;
  readonly timing?: Partial<Timing>;
  /** Where the page's files are. */
  readonly pageFolder: string;
  /** How the page asks for what is installed. */
  readonly run: Run;
}

export interface RunningAgent {
  readonly port: number;
  /** Stops everything. Well under a second. */
  stop(): Promise<void>;
}

/** Milliseconds without a change of any component until what is behind the last one is looked for. */
const LONG_ENOUGH = 5_000;

/**
 * The long-running agent: HTTP first, so that `/livez` is up before anything else, then
 * the checks and the jobs. It never changes the machine.
 *
 * @throws StackError `port-in-use`, `listen-failed`; and what `load` throws
 */
export async function runAgent(options: RunAgentOptions): Promise<RunningAgent> {
  const { model, clock, log, notifier } = options;
  const started = { date: clock.date(), at: clock.now() };
  const ports = portsByOwner(model.ports);
  const kinds = new Map(model.checks.map(({ component, kind }) => [component, kind]));
  let checks: Scheduler | undefined;
  let asking: NodeJS.Timeout | undefined;
  let jobs: ReturnType<typeof jobRunner> | undefined;
  let asked: FileFollower<void> | undefined;

  const snapshot = (): Snapshot => ({
    stack: { name: model.name, version: model.version },
    results: checks?.results() ?? [starting(started)],
    progress: progress.current(),
    jobs: jobs?.states() ?? [],
    drift: drift?.current(),
    ...{ kinds, ports },
    now: clock.now(),
    date: clock.date(),
  });
  const progress = followProgress(options.runFolder, (now) => {
    // The services start when provisioning ends: look at them at once, not at their next turn.
    if (now !== undefined && now.state !== "running") checks?.hurry();
    hour.note();
    void notifier.status(statusLine(snapshot()));
  });
  const drift = isLookedFor(model)
    ? followFile(driftPath(options.runFolder), {
        read: () => readDrift(options.runFolder),
        onChange: () => void notifier.status(statusLine(snapshot())),
        interval: () => 2_000,
      })
    : undefined;
  const hour = keepHistory(snapshot);
  const page = openPage({
    ...{ snapshot, history: hour.history, clock, asked: model.versions },
    ...{ folder: options.pageFolder, runFolder: options.runFolder, run: options.run, tidy: releaseMemory },
  });
  const server = await healthServer({
    host: options.host,
    port: options.port,
    source: { snapshot, process: () => processFigures(started.date), page },
    entitlement: tokenGate(() => options.context.secret("health.token"), clock),
  });
  await notifier.ready(statusLine(snapshot()));

  const askWhy = (): void => {
    clearTimeout(asking);
    asking = setTimeout(() => {
      const isFailing = checks?.results().some(({ outcome }) => outcome.status === "fail") ?? false;
      if (isFailing || drift?.current()?.failing !== undefined) jobs?.hurry("drift");
    }, LONG_ENOUGH).unref();
  };

  const stopWatchdog = keepWatchdog(notifier, () => checks?.moving() ?? true);
  const stop = async (): Promise<void> => {
    stopWatchdog();
    progress.stop();
    hour.stop();
    drift?.stop();
    asked?.stop();
    clearTimeout(asking);
    await Promise.all([notifier.stopping(), checks?.stop(), jobs?.stop(), server.close()]);
  };
  try {
    const loaded = await options.load();
    checks = scheduler({
      checks: loaded.checks,
      context: options.context,
      clock,
      // Every look is processor time that the servers need for their start.
      patient: () => (progress.current()?.state ?? "running") === "running",
      ...(options.timing === undefined ? {} : { timing: options.timing }),
      onChange: (result, before) => {
        logChange(log, result, before);
        hour.note();
        // Why it fails only root can read; and that it doesn't any more.
        if (result.outcome.status === "fail" || drift?.current()?.failing !== undefined) askWhy();
        void notifier.status(statusLine(snapshot()));
      },
    });
    jobs = jobRunner({
      jobs: loaded.jobs,
      context: options.context,
      clock,
      log,
      timeZone: model.definition.timezone,
      ready: () => progress.current()?.state === "done",
    });
    const runner = jobs;
    asked = followFile(join(options.runFolder, requestFolder), {
      read: async () => {
        for (const name of await takeAskedRuns(options.runFolder)) runner.hurry(name);
      },
      interval: () => 1_000,
    });
  } catch (error) {
    await stop();
    throw error;
  }
  return { port: server.port, stop };
}

function isLookedFor({ definition }: RunAgentOptions["model"]): boolean {
  return rootJobSchedule("drift", definition) !== undefined;
}

/** One line for `systemctl status`. */
function statusLine(snapshot: Snapshot): string {
  if (snapshot.progress?.state === "running") {
    return `provisioning: ${runningStages(snapshot.progress).join(", ") || "starting"}`;
  }
  const states = componentStates(snapshot);
  const named = (status: string): string =>
    states
      .filter((state) => state.status === status)
      .map((state) => `${state.name} (${state.code})`)
      .join(", ");
  if (named("fail") !== "") return `failing: ${named("fail")}`;
  return named("warn") === "" ? "healthy" : `degraded: ${named("warn")}`;
}

function logChange(log: Log, result: CheckResult, before: CheckResult): void {
  const { status, code, message } = result.outcome;
  const how = `${result.component}: ${before.outcome.status} (${before.outcome.code}) -> ${status} (${code})`;
  log(
    status === "pass" ? "notice" : "warning",
    message === undefined || status === "pass" ? how : `${how}: ${message}`,
    {
      MESSAGE_ID: messageIds.componentChanged,
      STACK_COMPONENT: result.component,
      STACK_CHECK: result.check,
      STACK_STATUS: status,
      STACK_CODE: code,
    },
  );
}

function starting(started: { readonly date: Date; readonly at: number }): CheckResult {
  return {
    check: "agent:checks",
    component: startingComponent,
    outcome: { status: "fail", code: "starting", message: "the checks are being loaded" },
    latencyMs: 0,
    at: started.at,
    time: started.date.toISOString(),
  };
}

function portsByOwner(ports: Model["ports"]): Snapshot["ports"] {
  const byOwner = new Map<string, number[]>();
  for (const { owner, port } of ports) byOwner.set(owner, [...(byOwner.get(owner) ?? []), port]);
  return byOwner;
}

function processFigures(started: Date): { residentBytes: number; cpuSeconds: number; startTime: number } {
  const cpu = process.cpuUsage();
  return {
    residentBytes: process.memoryUsage.rss(),
    cpuSeconds: (cpu.user + cpu.system) / 1e6,
    startTime: started.getTime() / 1000,
  };
}
