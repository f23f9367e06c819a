import type { Model } from "../../../stack/model.ts";
import type { Board, Panel } from "../board.ts";
import { rate, series } from "../series.ts";

/**
 * The container and the agent in it.
 *
 * @param others what checks measure and no other dashboard shows
 */
export function machine(stack: Model, others: readonly Panel[]): Board {
  return {
    id: "machine",
    title: "Container and agent",
    rows: [
      { title: "Room", panels: room },
      { title: "Boot", panels: boot },
      { title: "Jobs", panels: jobs },
      ...(stack.backup === undefined ? [] : [{ title: "Backups", panels: backups }]),
      { title: "Agent", panels: agent },
      ...(others.length === 0 ? [] : [{ title: "What else is measured", panels: others }]),
    ],
  };
}

const room: readonly Panel[] = [
  {
    title: "Free disk",
    about: "Of the file system with a component's data.",
    shape: "lines",
    unit: "ratio",
    width: 6,
    limits: { warning: 0.15, critical: 0.05, falling: true },
    queries: [
      {
        expr: `${series("stack_filesystem_free_bytes")} / ${series("stack_filesystem_size_bytes")}`,
        legend: "{{component}}",
      },
    ],
  },
  {
    title: "Memory",
    about: "By the machine and by the container's limit.",
    shape: "lines",
    unit: "bytes",
    width: 6,
    queries: [
      { expr: series("stack_memory_bytes"), legend: "there is" },
      { expr: `${series("stack_memory_available_ratio")} * ${series("stack_memory_bytes")}`, legend: "available" },
    ],
  },
  {
    title: "Memory's budget",
    about: "What each component gets, all its processes together.",
    shape: "bars",
    unit: "bytes",
    width: 6,
    queries: [{ expr: series("stack_memory_budget_bytes"), legend: "{{component}}" }],
  },
  {
    title: "Waiting for the machine",
    about: "Share of the time in which some process waited (PSI), in the container or on the whole node.",
    shape: "lines",
    unit: "ratio",
    width: 6,
    queries: [{ expr: rate("stack_pressure_waiting_seconds_total"), legend: "{{resource}}, {{scope}}" }],
  },
];

const boot: readonly Panel[] = [
  {
    title: "How long stages took",
    shape: "bars",
    unit: "seconds",
    width: 12,
    queries: [{ expr: series("stack_stage_seconds"), legend: "{{stage}}" }],
  },
  {
    title: "Stages",
    shape: "states",
    unit: "number",
    width: 12,
    words: { 1: { text: "done", color: "green" }, 0: { text: "not done", color: "red" } },
    queries: [{ expr: series("stack_stage_done"), legend: "{{stage}}" }],
  },
];

const job = "{{job_name}}";

const jobs: readonly Panel[] = [
  {
    title: "Last run",
    about: "In the container: stack-agent job ls.",
    shape: "states",
    unit: "number",
    words: { 1: { text: "succeeded", color: "green" }, 0: { text: "failed", color: "red" } },
    queries: [{ expr: series("stack_job_last_run_success"), legend: job }],
  },
  {
    title: "Since the last run",
    shape: "bars",
    unit: "duration",
    width: 4,
    queries: [{ expr: `time() - ${series("stack_job_last_run_timestamp_seconds")}`, legend: job }],
  },
  {
    title: "Until the next run",
    shape: "bars",
    unit: "duration",
    width: 4,
    queries: [{ expr: `${series("stack_job_next_run_timestamp_seconds")} - time()`, legend: job }],
  },
  {
    title: "How long the last run took",
    shape: "lines",
    unit: "seconds",
    width: 4,
    queries: [{ expr: series("stack_job_last_run_seconds"), legend: job }],
  },
  {
    title: "Failed in the last day",
    shape: "bars",
    unit: "number",
    width: 4,
    limits: { warning: 1 },
    queries: [{ expr: `round(increase(${series("stack_job_failures_total")}[1d]))`, legend: job }],
  },
];

const backups: readonly Panel[] = [
  {
    title: "Newest backup",
    shape: "number",
    unit: "duration",
    queries: [{ expr: series("stack_backup_age_seconds"), legend: "old" }],
  },
  {
    title: "Newest that was restored for trial",
    shape: "number",
    unit: "duration",
    queries: [{ expr: series("stack_backup_proven_age_seconds"), legend: "old" }],
  },
  {
    title: "Waits to be archived",
    shape: "lines",
    unit: "bytes",
    queries: [{ expr: series("stack_backup_waiting_bytes"), legend: "waits" }],
  },
];

const own = 'job="stack-agent"';

const agent: readonly Panel[] = [
  {
    title: "Memory",
    shape: "lines",
    unit: "bytes",
    queries: [{ expr: series("process_resident_memory_bytes", own), legend: "agent" }],
  },
  {
    title: "Processor",
    about: "Of one core.",
    shape: "lines",
    unit: "ratio",
    queries: [{ expr: rate("process_cpu_seconds_total", own), legend: "agent" }],
  },
  {
    title: "Age of results",
    about: "Health is answered from memory: how old the oldest of each component is.",
    shape: "lines",
    unit: "seconds",
    queries: [{ expr: series("stack_component_age_seconds"), legend: "{{component}}" }],
  },
];
