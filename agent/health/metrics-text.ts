import type { Sample } from "../../engine/check.ts";
import { componentStates, type Snapshot, worst } from "./component-states.ts";
import type { CheckResult } from "./scheduler.ts";

interface Metric {
  readonly name: string;
  readonly type: "gauge" | "counter";
  readonly help: string;
  readonly samples: readonly Sample[];
}

/** What the process says of itself: bytes, seconds, and seconds since the epoch. */
export interface ProcessFigures {
  readonly residentBytes: number;
  readonly cpuSeconds: number;
  readonly startTime: number;
}

/** The snapshot in Prometheus' text format 0.0.4. Public: names, states and figures only. */
export function metricsText(snapshot: Snapshot, own: ProcessFigures): string {
  return metrics(snapshot, own)
    .filter((metric) => metric.samples.length > 0)
    .map(metricText)
    .join("");
}

export const metricsType = "text/plain; version=0.0.4; charset=utf-8";

function metrics(snapshot: Snapshot, own: ProcessFigures): readonly Metric[] {
  const components = componentStates(snapshot);
  const status = worst(components.map((state) => state.status));
  const stages = snapshot.progress?.stages ?? [];
  const [begun, ended] = [snapshot.progress?.startedAt, snapshot.progress?.finishedAt].map(milliseconds);
  const ran = snapshot.jobs.filter((job) => job.lastRun !== undefined);
  const gauge = (name: string, help: string, samples: readonly Sample[]): Metric => ({
    name,
    type: "gauge",
    help,
    samples,
  });
  return [
    gauge("stack_info", "The stack; always 1.", [{ labels: { stack: snapshot.stack.name }, value: 1 }]),
    gauge("stack_up", "1 where nothing fails.", [{ value: status === "fail" ? 0 : 1 }]),
    gauge(
      "stack_component_up",
      "1 where the component passes or warns.",
      components.map((state) => ({ labels: { component: state.name }, value: state.status === "fail" ? 0 : 1 })),
    ),
    gauge(
      "stack_component_status",
      "0 pass, 1 warn, 2 fail.",
      components.map((state) => ({
        labels: { component: state.name },
        value: { pass: 0, warn: 1, fail: 2 }[state.status],
      })),
    ),
    gauge(
      "stack_component_latency_seconds",
      "How long the component's last check took.",
      components.map((state) => ({ labels: { component: state.name }, value: state.latencyMs / 1000 })),
    ),
    gauge(
      "stack_component_age_seconds",
      "Age of the component's last check.",
      components.map((state) => ({ labels: { component: state.name }, value: state.ageMs / 1000 })),
    ),
    ...oneOfEach(snapshot.results.flatMap((result) => [...observed(result), ...figures(result)])),
    gauge(
      "stack_memory_budget_bytes",
      "What the memory budget gives the component, all its processes together.",
      (snapshot.progress?.memory.shares ?? []).map(({ component, miB, processes = 1 }) => ({
        labels: { component },
        value: miB * processes * 1_048_576,
      })),
    ),
    gauge(
      "stack_provision_start_timestamp_seconds",
      "When provisioning last began: at every boot, at the least.",
      begun === undefined ? [] : [{ value: begun / 1000 }],
    ),
    gauge(
      "stack_provision_seconds",
      "How long the last provisioning took, done or failed.",
      begun === undefined || ended === undefined ? [] : [{ value: (ended - begun) / 1000 }],
    ),
    gauge(
      "stack_stage_done",
      "1 where the provisioning stage is done.",
      stages.map((stage) => ({ labels: { stage: stage.id }, value: stage.status === "done" ? 1 : 0 })),
    ),
    gauge(
      "stack_stage_seconds",
      "How long the provisioning stage took.",
      stages.flatMap((stage) =>
        stage.seconds === undefined ? [] : [{ labels: { stage: stage.id }, value: stage.seconds }],
      ),
    ),
    gauge(
      "stack_job_last_run_timestamp_seconds",
      "When the job last began.",
      ran.map((job) => ({ labels: { job_name: job.name }, value: Date.parse(job.lastRun ?? "") / 1000 })),
    ),
    gauge(
      "stack_job_last_run_seconds",
      "How long the job's last run took.",
      ran.map((job) => ({ labels: { job_name: job.name }, value: job.lastSeconds ?? 0 })),
    ),
    gauge(
      "stack_job_last_run_success",
      "1 where the job's last run succeeded.",
      ran.map((job) => ({ labels: { job_name: job.name }, value: job.lastError === undefined ? 1 : 0 })),
    ),
    gauge(
      "stack_job_next_run_timestamp_seconds",
      "When the job's next turn comes.",
      snapshot.jobs.flatMap(({ name, nextRun }) =>
        nextRun === undefined ? [] : [{ labels: { job_name: name }, value: Date.parse(nextRun) / 1000 }],
      ),
    ),
    {
      name: "stack_job_failures_total",
      type: "counter",
      help: "Runs of the job that failed since the agent started.",
      samples: snapshot.jobs.map((job) => ({ labels: { job_name: job.name }, value: job.failures })),
    },
    gauge("process_resident_memory_bytes", "The agent's resident memory.", [{ value: own.residentBytes }]),
    gauge("process_start_time_seconds", "When the agent started.", [{ value: own.startTime }]),
    {
      name: "process_cpu_seconds_total",
      type: "counter",
      help: "The agent's CPU time.",
      samples: [{ value: own.cpuSeconds }],
    },
  ];
}

/** What a check measured, as its component declares it. */
function observed({ observes, outcome: { observedValue } }: CheckResult): readonly Metric[] {
  if (observes === undefined || observedValue === undefined) return [];
  const { per = 1, ...metric } = observes.metric;
  return [{ ...metric, samples: [{ value: observedValue / per }] }];
}

/** What else it saw, as far as its component declares it. */
function figures({ metrics = [], outcome }: CheckResult): readonly Metric[] {
  return metrics.flatMap((metric): readonly Metric[] => {
    const found = outcome.figures?.[metric.name];
    if (found === undefined) return [];
    return [{ ...metric, samples: typeof found === "number" ? [{ value: found }] : found }];
  });
}

/** Checks that see the same of several, of services say, have one metric together. */
function oneOfEach(metrics: readonly Metric[]): readonly Metric[] {
  const all = Map.groupBy(metrics, ({ name }) => name).values();
  return [...all].flatMap(([first, ...more]) =>
    first === undefined ? [] : [{ ...first, samples: [first, ...more].flatMap(({ samples }) => samples) }],
  );
}

function milliseconds(time: string | undefined): number | undefined {
  return time === undefined ? undefined : Date.parse(time);
}

function metricText(metric: Metric): string {
  const lines = metric.samples.map(({ labels, value }) => {
    const pairs = Object.entries(labels ?? {}).map(([name, text]) => `${name}="${escapeLabel(text)}"`);
    return `${metric.name}${pairs.length === 0 ? "" : `{${pairs.join(",")}}`} ${value}\n`;
  });
  return `# HELP ${metric.name} ${metric.help}\n# TYPE ${metric.name} ${metric.type}\n${lines.join("")}`;
}

function escapeLabel(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}
