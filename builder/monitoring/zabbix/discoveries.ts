import { metrics as queueMetrics } from "../../../stack/components/rabbitmq/metrics.ts";
import { metrics as nodeMetrics } from "../../../stack/components/redis/metrics.ts";
import { machineChecks } from "../../../stack/components/system/checks.ts";
import type { Model } from "../../../stack/model.ts";
import { type Figure, told } from "./figure.ts";

/** Things of which there are several: Zabbix finds them by a label of what the agent tells. */
export interface Discovery {
  readonly title: string;
  /** How one is called before its name. */
  readonly one: string;
  readonly label: string;
  /** The label's value, in names and keys. */
  readonly macro: `{#${string}}`;
  /** Told of each of them, also where nothing else is. */
  readonly by: string;
  readonly figures: readonly Figure[];
}

/** All that a stack has. */
export function discoveries(stack: Model): readonly Discovery[] {
  return [
    components,
    ...(stack.services.length === 0 ? [] : [services]),
    ...(stack.redis === undefined ? [] : [redisNodes]),
    ...(stack.rabbitmq === undefined ? [] : [queues, alarms]),
    jobs,
    fileSystems,
    pressure,
  ];
}

const components: Discovery = {
  title: "Components",
  one: "Component",
  label: "component",
  macro: "{#COMPONENT}",
  by: "stack_component_status",
  figures: [
    told("stack_component_status", "What its checks say.", { words: "status" }),
    told("stack_component_latency_seconds", "How long the component's last check took."),
    told("stack_component_age_seconds", "Age of the component's last check."),
  ],
};

const services: Discovery = {
  title: "Services",
  one: "Service",
  label: "service",
  macro: "{#SERVICE}",
  by: "stack_service_restarts_total",
  figures: [
    // Not a second: what matters is how many in some minutes.
    { ...told("stack_service_restarts_total", "Times that the service was started again."), type: "gauge" },
    told("stack_service_release_info", "The release in force.", { text: "release" }),
  ],
};

const redisNodes: Discovery = {
  title: "Redis nodes",
  one: "Redis node",
  label: "node",
  macro: "{#NODE}",
  by: "stack_redis_node_up",
  figures: nodeMetrics.map((metric) => ({ ...metric, ...(metric.name.endsWith("_up") && { words: "up" }) })),
};

const queues: Discovery = {
  title: "Queues",
  one: "Queue",
  label: "queue",
  macro: "{#QUEUE}",
  by: "stack_rabbitmq_queue_messages_ready",
  figures: queueMetrics.filter(({ name }) => name.startsWith("stack_rabbitmq_queue_")),
};

const alarms: Discovery = {
  title: "RabbitMQ's alarms",
  one: "RabbitMQ's alarm",
  label: "alarm",
  macro: "{#ALARM}",
  by: "stack_rabbitmq_alarm",
  figures: queueMetrics.filter(({ name }) => name === "stack_rabbitmq_alarm"),
};

const jobs: Discovery = {
  title: "Jobs",
  one: "Job",
  label: "job_name",
  macro: "{#JOB}",
  by: "stack_job_failures_total",
  figures: [
    told("stack_job_last_run_success", "How the job's last run ended.", { words: "success" }),
    told("stack_job_last_run_timestamp_seconds", "When the job last began."),
    told("stack_job_last_run_seconds", "How long the job's last run took."),
    told("stack_job_next_run_timestamp_seconds", "When the job's next turn comes."),
    { ...told("stack_job_failures_total", "Runs of the job that failed since the agent started."), type: "gauge" },
  ],
};

const fileSystems: Discovery = {
  title: "File systems",
  one: "File system with data of",
  label: "component",
  macro: "{#COMPONENT}",
  by: "stack_filesystem_size_bytes",
  figures: machineChecks["disk:used"].metrics,
};

const pressure: Discovery = {
  title: "Pressure",
  one: "Pressure",
  label: "resource",
  macro: "{#RESOURCE}",
  by: "stack_pressure_waiting_seconds_total",
  figures: machineChecks["memory:available"].metrics.filter(({ type }) => type === "counter"),
};
