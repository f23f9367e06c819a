import { describeFailing } from "../../engine/run/describe-failing.ts";
import type { DriftDocument } from "../../stack/documents/drift.ts";
import type { HealthStatus } from "../../stack/documents/health.ts";
import type { ProgressDocument } from "../../stack/documents/progress.ts";
import { provisionComponent, type WorkComponent } from "../../stack/health-groups.ts";
import type { JobState } from "../jobs/job-runner.ts";
import { type CheckResult, timing } from "./scheduler.ts";

/** Everything an answer is made from, at one moment. */
export interface Snapshot {
  readonly stack: { readonly name: string; readonly version: string };
  readonly results: readonly CheckResult[];
  /** How provisioning stands; undefined before it has begun. */
  readonly progress: ProgressDocument | undefined;
  readonly jobs: readonly JobState[];
  /** What the job drift last found; undefined where it has not looked, or never does. */
  readonly drift?: DriftDocument | undefined;
  /** `componentType` of a health document, by the component's name. */
  readonly kinds: ReadonlyMap<string, string>;
  /** Ports of each component and service. */
  readonly ports: ReadonlyMap<string, readonly number[]>;
  /** Now, by the clock of the results' `at`. */
  readonly now: number;
  readonly date: Date;
}

export interface ComponentState {
  readonly name: string;
  readonly status: HealthStatus;
  readonly code: string;
  readonly latencyMs: number;
  readonly ageMs: number;
  readonly message?: string;
}

const worth: Readonly<Record<HealthStatus, number>> = { pass: 0, warn: 1, fail: 2 };

export function worst(statuses: readonly HealthStatus[]): HealthStatus {
  return statuses.reduce((a, b) => (worth[b] > worth[a] ? b : a), "pass");
}

/**
 * The state of every component, from the last results: provisioning first, then one for
 * each component that is checked, then the jobs. A component with several checks has the
 * worst one's status and code.
 */
export function componentStates(snapshot: Snapshot): readonly ComponentState[] {
  const names = [...new Set(snapshot.results.map((result) => result.component))];
  const checked = names.map((name) => {
    const states = snapshot.results
      .filter((result) => result.component === name)
      .map((result) => checkState(result, snapshot.now));
    return states.reduce((a, b) => ({
      ...(worth[b.status] > worth[a.status] ? b : a),
      latencyMs: Math.max(a.latencyMs, b.latencyMs),
      ageMs: Math.max(a.ageMs, b.ageMs),
    }));
  });
  const told = checked.map((state) => withLastWord(state, snapshot.drift));
  return [provisionState(snapshot.progress), ...told, ...jobsState(snapshot.jobs), ...driftState(snapshot)];
}

/** A server that starts again and again can't say why it fails: root has read its last word. */
export function withLastWord(state: ComponentState, drift: DriftDocument | undefined): ComponentState {
  if (state.status !== "fail") return state;
  const own = (drift?.failing ?? []).filter(
    ({ stage, unit }) => stage === state.name || (stage === "services" && unit.endsWith(`-${state.name}.service`)),
  );
  const words = own.map(({ unit, says, help }) => `${describeFailing({ unit, says })} (${help})`);
  if (words.length === 0) return state;
  return { ...state, message: [state.message, ...words].filter((part) => part !== undefined).join("; ") };
}

/** Ages in intervals after which a result that was not a failure counts as warn, and as fail. */
const staleAfter = { warn: 2.5, fail: 5 };

/** A result as it counts now: one that is too old is never served as a pass. */
export function checkState(result: CheckResult, now: number, interval = timing.interval): ComponentState {
  const ageMs = Math.max(0, Math.round(now - result.at));
  const { status, code, message } = result.outcome;
  const state = { name: result.component, latencyMs: result.latencyMs, ageMs };
  const stale = { code: "stale", message: `last looked at ${(ageMs / 1000).toFixed(1)} s ago, ${status} then` };
  if (status !== "fail" && ageMs > staleAfter.fail * interval) return { ...state, status: "fail", ...stale };
  if (status === "pass" && ageMs > staleAfter.warn * interval) return { ...state, status: "warn", ...stale };
  return { ...state, status, code, ...(message === undefined ? {} : { message }) };
}

function provisionState(progress: ProgressDocument | undefined): ComponentState {
  const state = { name: provisionComponent, latencyMs: 0, ageMs: 0 };
  if (progress === undefined) {
    return { ...state, status: "fail", code: "waiting", message: "provisioning has not begun since the last start" };
  }
  if (progress.state === "done") return { ...state, status: "pass", code: "ok" };
  if (progress.state === "running") {
    const running = runningStages(progress);
    return { ...state, status: "warn", code: "running", message: `running: ${running.join(", ") || "starting"}` };
  }
  const undone = progress.stages.filter((stage) => stage.status !== "done");
  const failed = undone.filter((stage) => stage.status === "failed");
  const told = failed.length > 0 ? failed : undone;
  const message = told.map((stage) => `${stage.id}: ${stage.error?.message ?? stage.status}`).join("; ");
  if (progress.state === "waiting") {
    const code = undone.find(({ error }) => error !== undefined && error.code !== "needs-failed")?.error?.code;
    return { ...state, status: "fail", code: code ?? "waiting", message };
  }
  return { ...state, status: "fail", code: "failed", message: message || "provisioning failed" };
}

export function runningStages(progress: ProgressDocument): readonly string[] {
  return progress.stages.filter((stage) => stage.status === "running").map((stage) => stage.id);
}

function jobsState(jobs: readonly JobState[]): readonly ComponentState[] {
  if (jobs.length === 0) return [];
  const failed = jobs.filter((job) => job.lastError !== undefined);
  const state = { name: "jobs" satisfies WorkComponent, latencyMs: 0, ageMs: 0 };
  if (failed.length === 0) return [{ ...state, status: "pass", code: "ok" }];
  const message = failed.map((job) => `${job.name}: ${job.lastError}`).join("; ");
  return [{ ...state, status: "warn", code: "job-failed", message }];
}

/** What differs is nobody's outage: it warns, and no more. */
function driftState({ drift, date }: Snapshot): readonly ComponentState[] {
  // Why the job could not look is told by the jobs.
  if (drift === undefined || drift.error !== undefined) return [];
  const ageMs = Math.max(0, date.getTime() - Date.parse(drift.checkedAt));
  const state = { name: "drift" satisfies WorkComponent, latencyMs: 0, ageMs };
  const [failing] = drift.failing ?? [];
  if (failing !== undefined) {
    const message = `${describeFailing(failing)} (${failing.help})`;
    return [{ ...state, status: "warn", code: "failing", message }];
  }
  const [first] = drift.differences;
  if (first === undefined) return [{ ...state, status: "pass", code: "ok" }];
  const count = drift.differences.length;
  const what = `${first.stage}: ${[first.what || first.do, first.why].join(": ")}`;
  const message = count === 1 ? what : `${count} differences, first ${what}`;
  return [{ ...state, status: "warn", code: "drifted", message: `${message} (stack-agent drift)` }];
}
