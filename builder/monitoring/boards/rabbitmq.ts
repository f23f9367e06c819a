import type { Model } from "../../../stack/model.ts";
import type { Board, Panel, Query } from "../board.ts";
import { rate, series } from "../series.ts";

/** The broker, a series a queue. */
export function rabbitmq(stack: Model): readonly Board[] {
  if (stack.rabbitmq === undefined) return [];
  const limit = stack.metrics?.queueLimit;
  return [
    {
      id: "rabbitmq",
      title: "RabbitMQ",
      rows: [
        { title: "Queues", panels: queues(limit) },
        { title: "Messages", panels: messages },
        { title: "Broker", panels: broker },
      ],
    },
  ];
}

const legend = "{{queue}}";

function queues(limit: number | undefined): readonly Panel[] {
  return [
    {
      title: "Messages that wait",
      about: "For a consumer, by queue. What a stream keeps waits for nobody.",
      shape: "lines",
      unit: "number",
      ...(limit !== undefined && { limits: { warning: limit } }),
      queries: [{ expr: series("stack_rabbitmq_queue_messages_ready"), legend }],
    },
    {
      title: "Messages in a consumer's hands",
      about: "Given out, and not acknowledged yet.",
      shape: "lines",
      unit: "number",
      queries: [{ expr: series("stack_rabbitmq_queue_messages_unacknowledged"), legend }],
    },
    {
      title: "Consumers",
      shape: "lines",
      unit: "number",
      queries: [{ expr: series("stack_rabbitmq_queue_consumers"), legend }],
    },
  ];
}

const rates: readonly (readonly [title: string, counter: string])[] = [
  ["Published", "stack_rabbitmq_queue_published_total"],
  ["Given to consumers", "stack_rabbitmq_queue_delivered_total"],
  ["Acknowledged", "stack_rabbitmq_queue_acknowledged_total"],
  ["Given out once more", "stack_rabbitmq_queue_redelivered_total"],
];

const messages: readonly Panel[] = rates.map(([title, counter]) => ({
  title,
  shape: "lines",
  unit: "messages",
  width: 6,
  queries: [{ expr: rate(counter), legend }],
}));

const share = (used: string, limit: string, legend: string): Query => ({
  expr: `${series(used)} / ${series(limit)}`,
  legend,
});

const broker: readonly Panel[] = [
  {
    title: "Dead letters",
    about: "Messages in the queue of dead letters. In the container: stack-agent doctor.",
    shape: "number",
    unit: "number",
    width: 4,
    limits: { warning: 1 },
    queries: [{ expr: series("stack_rabbitmq_dead_letters"), legend: "dead letters" }],
  },
  {
    title: "Queues",
    shape: "number",
    unit: "number",
    width: 4,
    queries: [{ expr: series("stack_rabbitmq_queues"), legend: "queues" }],
  },
  {
    title: "Publishers",
    about: "An alarm holds them back, for want of memory or disk.",
    shape: "states",
    unit: "number",
    width: 8,
    words: { 0: { text: "welcome", color: "green" }, 1: { text: "held back", color: "red" } },
    queries: [{ expr: series("stack_rabbitmq_alarm"), legend: "{{alarm}}" }],
  },
  {
    title: "Limits in use",
    about: "At 1 of memory the broker holds back publishers.",
    shape: "lines",
    unit: "ratio",
    queries: [
      share("stack_rabbitmq_memory_used_bytes", "stack_rabbitmq_memory_limit_bytes", "memory"),
      share("stack_rabbitmq_files", "stack_rabbitmq_files_limit", "files and sockets"),
    ],
  },
  {
    title: "Room on its disk",
    about: "Below the limit the broker holds back publishers.",
    shape: "lines",
    unit: "bytes",
    width: 12,
    queries: [
      { expr: series("stack_rabbitmq_disk_free_bytes"), legend: "free" },
      { expr: series("stack_rabbitmq_disk_limit_bytes"), legend: "limit" },
    ],
  },
  {
    title: "A message published and given back",
    shape: "lines",
    unit: "seconds",
    width: 12,
    queries: [{ expr: series("stack_component_latency_seconds", 'component="rabbitmq"'), legend: "took" }],
  },
];
