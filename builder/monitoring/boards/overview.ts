import type { Model } from "../../../stack/model.ts";
import { type Board, type Panel, statusWords } from "../board.ts";
import { rate, series } from "../series.ts";

/** What a person wants in five seconds: whether it works, since when, how much it does, and what room is left. */
export function overview(stack: Model): Board {
  return {
    id: "overview",
    title: "Overview",
    rows: [
      { title: "Now", panels: now(stack) },
      {
        title: "Components",
        panels: [
          {
            title: "State",
            about: "What /health says. In the container: stack-agent status, stack-agent health COMPONENT.",
            shape: "states",
            unit: "number",
            width: 16,
            words: statusWords,
            queries: [{ expr: series("stack_component_status"), legend: "{{component}}" }],
          },
          {
            title: "How long checks take",
            shape: "lines",
            unit: "seconds",
            queries: [{ expr: series("stack_component_latency_seconds"), legend: "{{component}}" }],
          },
        ],
      },
      { title: "Work", panels: work(stack) },
      { title: "Room", panels: room(stack) },
    ],
  };
}

function now(stack: Model): readonly Panel[] {
  const counted = (title: string, status: number, color: "warning" | "critical"): Panel => ({
    title,
    shape: "number",
    unit: "number",
    width: 4,
    limits: { [color]: 1 },
    queries: [{ expr: `count(${series("stack_component_status")} == ${status}) or vector(0)`, legend: title }],
  });
  return [
    {
      title: "Stack",
      shape: "number",
      unit: "number",
      width: 4,
      words: { 1: { text: "works", color: "green" }, 0: { text: "fails", color: "red" } },
      queries: [{ expr: series("stack_up"), legend: "stack" }],
    },
    counted("Failing", 2, "critical"),
    counted("Warning", 1, "warning"),
    ...(stack.metrics === undefined ? [] : [alerts]),
    {
      title: "Since it booted",
      about: "Since provisioning last began: at every boot, at the least.",
      shape: "number",
      unit: "duration",
      width: 4,
      queries: [{ expr: `time() - ${series("stack_provision_start_timestamp_seconds")}`, legend: "since" }],
    },
    {
      title: "Provisioning took",
      shape: "number",
      unit: "seconds",
      width: 4,
      queries: [{ expr: series("stack_provision_seconds"), legend: "took" }],
    },
  ];
}

const alerts: Panel = {
  title: "Alerts",
  about: "Alerts of this Prometheus that are firing.",
  shape: "number",
  unit: "number",
  width: 4,
  limits: { critical: 1 },
  queries: [{ expr: 'count(ALERTS{alertstate="firing"}) or vector(0)', legend: "alerts" }],
};

function work({ postgres, redis, rabbitmq, services }: Model): readonly Panel[] {
  const line = (title: string, unit: Panel["unit"], expr: string, legend: string): Panel => {
    return { title, shape: "lines", unit, width: 6, queries: [{ expr, legend }] };
  };
  return [
    ...(postgres ? [line("Events", "per second", rate("stack_postgres_events_appended_total"), "appended")] : []),
    ...(rabbitmq
      ? [line("Messages that wait", "number", `sum(${series("stack_rabbitmq_queue_messages_ready")})`, "ready")]
      : []),
    ...(redis ? [line("Redis", "per second", `sum(${rate("stack_redis_node_commands_total")})`, "commands")] : []),
    ...(services.length > 0
      ? [line("Requests", "requests", `sum by (service) (${rate("http_requests_total")})`, "{{service}}")]
      : []),
  ];
}

function room({ redis }: Model): readonly Panel[] {
  return [
    {
      title: "Disk in use",
      about: "Of the fullest file system, by blocks or by inodes.",
      shape: "lines",
      unit: "ratio",
      limits: { warning: 0.85, critical: 0.95 },
      queries: [{ expr: series("stack_disk_used_ratio"), legend: "used" }],
    },
    {
      title: "Memory that is available",
      shape: "lines",
      unit: "ratio",
      limits: { critical: 0.1, falling: true },
      queries: [{ expr: series("stack_memory_available_ratio"), legend: "available" }],
    },
    ...(redis === undefined ? [] : [fullestNode]),
  ];
}

const fullestNode: Panel = {
  title: "Redis's memory in use",
  about: "Of the fullest node's maxmemory. Full is no fault: keys make way.",
  shape: "lines",
  unit: "ratio",
  queries: [{ expr: series("stack_redis_memory_used_ratio"), legend: "used" }],
};
