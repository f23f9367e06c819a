import * as z from "zod/mini";
import { alertRules } from "../../../stack/components/metrics/alert-rules.ts";
import { metricsSettings } from "../../../stack/components/metrics/settings.ts";
import type { Model } from "../../../stack/model.ts";

/** What is a problem, in Zabbix's expressions. */
export interface Trigger {
  /** The figure by whose discovery it is made, if it is of several. */
  readonly of: string;
  readonly expression: string;
  readonly name: string;
  readonly severity: "HIGH" | "WARNING";
  /** The command that tells more. */
  readonly command: string;
}

/** How a figure is named in an expression: `/TEMPLATE/KEY`. */
type Reference = (figure: string) => string;

interface Problem {
  /** The alert of the same, whose words and severity it has. */
  readonly alert: string;
  readonly of: string;
  readonly when: (item: string, reference: Reference) => string;
}

/** The alerts' counterparts (stack/components/metrics/alert-rules.ts). Ratios are percent here. */
const problems = (queueLimit: number): readonly Problem[] => [
  { alert: "AgentDown", of: "stack_up", when: (item) => `nodata(${item},{$STACK.NODATA})=1` },
  {
    alert: "ComponentDown",
    of: "stack_component_status",
    // Room on disk and memory have problems of their own.
    when: (item) => `min(${item},#2)=2 and "{#COMPONENT}"<>"disk" and "{#COMPONENT}"<>"memory"`,
  },
  { alert: "DiskFull", of: "stack_disk_used_ratio", when: (item) => `last(${item})>=95` },
  { alert: "DiskNearlyFull", of: "stack_disk_used_ratio", when: (item) => `last(${item})>=85 and last(${item})<95` },
  { alert: "MemoryShort", of: "stack_memory_available_ratio", when: (item) => `max(${item},5m)<10` },
  { alert: "JobFailed", of: "stack_job_last_run_success", when: (item) => `last(${item})=0` },
  {
    alert: "ServiceRestarts",
    of: "stack_service_restarts_total",
    when: (item) => `max(${item},10m)-min(${item},10m)>3`,
  },
  {
    alert: "PostgresConnections",
    of: "stack_postgres_connections",
    when: (item, reference) => `min(${item},2m)>0.9*last(${reference("stack_postgres_connections_limit")})`,
  },
  {
    alert: "ProjectionLag",
    of: "stack_postgres_projection_lag_events",
    when: (item) => `min(${item},10m)>10000 and last(${item})>min(${item},10m)`,
  },
  { alert: "RedisNodeDown", of: "stack_redis_node_up", when: (item) => `max(${item},#2)=0` },
  { alert: "RedisPersistence", of: "stack_redis_node_persistence_up", when: (item) => `max(${item},#2)=0` },
  {
    alert: "QueueLong",
    of: "stack_rabbitmq_queue_messages_ready",
    when: (item) => `min(${item},#2)>${queueLimit}`,
  },
  { alert: "DeadLetters", of: "stack_rabbitmq_dead_letters", when: (item) => `min(${item},5m)>0` },
  { alert: "RabbitmqAlarm", of: "stack_rabbitmq_alarm", when: (item) => `last(${item})=1` },
  { alert: "BackupSilent", of: "stack_backup_status", when: (item) => `min(${item},#2)>=1` },
];

/** How an alert's labels are called among what Zabbix discovers. */
const macros: Readonly<Record<string, string>> = {
  component: "{#COMPONENT}",
  service: "{#SERVICE}",
  node: "{#NODE}",
  queue: "{#QUEUE}",
  job_name: "{#JOB}",
  alarm: "{#ALARM}",
};

/** What is a problem of this stack. */
export function triggers(stack: Model, reference: Reference): readonly Trigger[] {
  const { metrics = z.parse(metricsSettings, {}) } = stack;
  const rules = alertRules(stack, metrics).groups.flatMap(({ rules }) => rules);
  return problems(metrics.queueLimit).flatMap(({ alert, of, when }): readonly Trigger[] => {
    const rule = rules.find((one) => one.alert === alert);
    if (rule === undefined) return [];
    const { summary, command } = rule.annotations;
    return [
      {
        of,
        expression: when(reference(of), reference),
        name: words(summary),
        severity: rule.labels.severity === "critical" ? "HIGH" : "WARNING",
        command: words(command),
      },
    ];
  });
}

/** An alert's words, with Zabbix's macros in the place of Prometheus's. */
function words(text: string): string {
  return text
    .replaceAll(/\{\{ \$labels\.(\w+) \}\}/g, (_, label: string) => macros[label] ?? label)
    .replaceAll(/\{\{ \$value[^}]*\}\}/g, "{ITEM.LASTVALUE1}");
}
