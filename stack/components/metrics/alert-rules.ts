import type { BaseModel } from "../../model.ts";
import type { MetricsSettings } from "./settings.ts";

interface Rule {
  readonly alert: string;
  readonly expr: string;
  /** How long it must be so. */
  readonly for: string;
  readonly labels: { readonly severity: "critical" | "warning" };
  readonly annotations: { readonly summary: string; readonly command: string };
}

/** What is an alert in this stack, of the components that it has. Each says the command that tells more. */
export function alertRules(
  stack: Pick<BaseModel, "postgres" | "redis" | "rabbitmq" | "backup">,
  metrics: MetricsSettings,
) {
  const rules = [
    ...ofEveryStack,
    ...(stack.postgres === undefined ? [] : ofPostgres),
    ...(stack.redis === undefined ? [] : ofRedis),
    ...(stack.rabbitmq === undefined ? [] : ofRabbitmq(metrics.queueLimit)),
    ...(stack.backup === undefined ? [] : ofBackup),
  ];
  return { groups: [{ name: "stack", rules }] };
}

function rule(
  severity: Rule["labels"]["severity"],
  alert: string,
  [expr, duration]: readonly [expr: string, duration: string],
  [summary, command]: readonly [summary: string, command: string],
): Rule {
  return { alert, expr, for: duration, labels: { severity }, annotations: { summary, command } };
}

const critical = rule.bind(undefined, "critical");
const warning = rule.bind(undefined, "warning");

const ofEveryStack: readonly Rule[] = [
  critical(
    "AgentDown",
    ['up{job="stack-agent"} == 0', "45s"],
    ["the agent does not answer", "systemctl status stack-agent"],
  ),
  critical(
    "ComponentDown",
    ['stack_component_up{component!~"disk|memory"} == 0', "30s"],
    ["{{ $labels.component }} fails", "stack-agent health {{ $labels.component }}"],
  ),
  warning(
    "TargetDown",
    ['up{job=~"target-.+|alertmanager"} == 0', "45s"],
    ["{{ $labels.job }} at {{ $labels.instance }} does not answer", "curl -i http://{{ $labels.instance }}/metrics"],
  ),
  critical(
    "DiskFull",
    ["stack_disk_used_ratio >= 0.95", "15s"],
    ["a file system is {{ $value | humanizePercentage }} full", "stack-agent health disk"],
  ),
  warning(
    "DiskNearlyFull",
    ["stack_disk_used_ratio >= 0.85 and stack_disk_used_ratio < 0.95", "1m"],
    ["a file system is {{ $value | humanizePercentage }} full", "stack-agent health disk"],
  ),
  warning(
    "MemoryShort",
    ["stack_memory_available_ratio < 0.1", "5m"],
    ["{{ $value | humanizePercentage }} of the memory is available", "stack-agent doctor"],
  ),
  warning(
    "JobFailed",
    ["stack_job_last_run_success == 0", "1m"],
    ["the job {{ $labels.job_name }} failed", "stack-agent job ls"],
  ),
  warning(
    "ServiceRestarts",
    ["increase(stack_service_restarts_total[10m]) > 3", "0s"],
    ["{{ $labels.service }} starts again and again", "stack-agent logs -n 50 {{ $labels.service }}"],
  ),
];

const ofPostgres: readonly Rule[] = [
  warning(
    "PostgresConnections",
    ["stack_postgres_connections / stack_postgres_connections_limit > 0.9", "2m"],
    ["PostgreSQL has {{ $value | humanizePercentage }} of its connections in use", "stack-agent doctor"],
  ),
  warning(
    "ProjectionLag",
    ["stack_postgres_projection_lag_events > 10000 and delta(stack_postgres_projection_lag_events[10m]) > 0", "10m"],
    ["the slowest projection is {{ $value }} events behind, and falls back", "stack-agent status"],
  ),
];

const ofRedis: readonly Rule[] = [
  critical(
    "RedisNodeDown",
    ["stack_redis_node_up == 0", "30s"],
    ["the Redis node on port {{ $labels.node }} does not answer", "stack-agent health redis"],
  ),
  warning(
    "RedisPersistence",
    ["stack_redis_node_persistence_up == 0", "1m"],
    ["the Redis node on port {{ $labels.node }} can't write its data", "stack-agent doctor"],
  ),
];

function ofRabbitmq(queueLimit: number): readonly Rule[] {
  return [
    warning(
      "QueueLong",
      [`stack_rabbitmq_queue_messages_ready > ${queueLimit}`, "15s"],
      ["{{ $value }} messages wait in {{ $labels.queue }}", "stack-agent doctor"],
    ),
    warning(
      "DeadLetters",
      ["stack_rabbitmq_dead_letters > 0", "5m"],
      ["{{ $value }} messages are among the dead letters", "stack-agent doctor"],
    ),
    critical(
      "RabbitmqAlarm",
      ["stack_rabbitmq_alarm == 1", "15s"],
      ["RabbitMQ holds back publishers for want of {{ $labels.alarm }}", "stack-agent doctor"],
    ),
  ];
}

const ofBackup: readonly Rule[] = [
  warning(
    "BackupSilent",
    ['stack_component_status{component="backup"} >= 1', "30s"],
    ["there is no new, proven backup, or nothing is archived", "stack-agent health backup"],
  ),
];
