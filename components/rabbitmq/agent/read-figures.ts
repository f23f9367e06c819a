import type { Agent } from "node:http";
import type { Figures, Sample } from "../../../engine/check.ts";
import { mostQueues } from "../../../stack/components/rabbitmq/metrics.ts";
import type { RabbitmqModel } from "../../../stack/components/rabbitmq/model.ts";
import { type BrokerNode, ownBroker } from "./alarms.ts";
import { management } from "./management.ts";

/** Of `/api/queues`. What never happened to a queue is missing. */
export interface QueueFigures {
  readonly name: string;
  readonly messages?: number;
  readonly messages_ready?: number;
  readonly messages_unacknowledged?: number;
  readonly consumers?: number;
  readonly message_stats?: Readonly<Partial<Record<(typeof statistics)[number], number>>>;
  /** Brokers that lead it, and that have a member of it that is there. */
  readonly leader?: string;
  readonly online?: readonly string[];
}

const statistics = ["publish", "deliver_get", "ack", "redeliver"] as const;

const queueColumns = [
  ...["name", "messages", "messages_ready", "messages_unacknowledged", "consumers", "leader", "online"],
  ...statistics.map((name) => `message_stats.${name}`),
].join(",");

const nodeColumns = [
  ...["mem_used", "mem_limit", "mem_alarm", "disk_free", "disk_free_limit", "disk_free_alarm"],
  ...["fd_used", "fd_total", "name", "running"],
].join(",");

export interface ReadOptions {
  readonly password: string;
  /** Keeps the connection. */
  readonly agent: Agent;
  readonly signal: AbortSignal;
}

/**
 * What the broker's management has counted, by the agent's own login: no more than a page of queues.
 *
 * @throws as `management` does
 */
export async function readFigures(rabbitmq: RabbitmqModel, { password, ...options }: ReadOptions): Promise<Figures> {
  const { external, managementPort: port, agentUser: user } = rabbitmq;
  const login = { port, ...external?.management, ca: external?.ca, user, password };
  // One that is asked of the fullest has the check's own queue in it: one more.
  const page = `page=1&page_size=${mostQueues + 1}&sort=messages&sort_reverse=true`;
  const queues = `/queues/${encodeURIComponent(rabbitmq.vhost)}?${page}&columns=${queueColumns}`;
  const { items, total_count } = (await management(login, "GET", queues, options)) as Page;
  const nodes = await management(login, "GET", `/nodes?columns=${nodeColumns}`, options);
  const all = nodes as readonly BrokerNode[];
  const node = ownBroker(all, rabbitmq);
  const figures = brokerFigures(items, total_count, node, rabbitmq);
  return rabbitmq.cluster === undefined ? figures : { ...figures, ...memberFigures(items, all, node, rabbitmq) };
}

/** What a cluster's broker tells beside them. */
export function memberFigures(
  all: readonly QueueFigures[],
  nodes: readonly BrokerNode[],
  { name: own }: Pick<BrokerNode, "name">,
  { checkQueue }: Pick<RabbitmqModel, "checkQueue">,
): Figures {
  const queues = all.filter(({ name, online }) => name !== checkQueue && online !== undefined).slice(0, mostQueues);
  return {
    stack_rabbitmq_brokers_running: nodes.filter(({ running }) => running).length,
    stack_rabbitmq_queue_members_online: queues.flatMap(({ name, online }) => sample({ queue: name }, online?.length)),
    stack_rabbitmq_queue_led_here: queues.flatMap(({ name, leader }) =>
      sample({ queue: name }, Number(leader === own)),
    ),
  };
}

interface Page {
  readonly items: readonly QueueFigures[];
  readonly total_count: number;
}

/** @param total of all queues, the check's own among them */
export function brokerFigures(
  all: readonly QueueFigures[],
  total: number,
  node: BrokerNode,
  { checkQueue, deadLetterQueue }: Pick<RabbitmqModel, "checkQueue" | "deadLetterQueue">,
): Figures {
  const queues = all.filter(({ name }) => name !== checkQueue).slice(0, mostQueues);
  // What a broker has not counted yet, as in its first seconds, is not told, rather than told to be 0.
  const each = (value: (queue: QueueFigures) => number | undefined): Sample[] =>
    queues.flatMap((queue) => sample({ queue: queue.name }, value(queue)));
  // What never happened to a queue is not among its statistics.
  const count = (name: (typeof statistics)[number]): Sample[] =>
    each(({ messages, message_stats }) => (messages === undefined ? undefined : (message_stats?.[name] ?? 0)));
  const whole = (value: number | undefined): Sample[] => sample(undefined, value);
  const alarm = (alarm: string, isOn: boolean | undefined): Sample[] =>
    sample({ alarm }, isOn === undefined ? undefined : Number(isOn));
  return {
    stack_rabbitmq_queue_messages_ready: each(({ messages_ready }) => messages_ready),
    stack_rabbitmq_queue_messages_unacknowledged: each((queue) => queue.messages_unacknowledged),
    stack_rabbitmq_queue_consumers: each(({ consumers }) => consumers),
    stack_rabbitmq_queue_published_total: count("publish"),
    stack_rabbitmq_queue_delivered_total: count("deliver_get"),
    stack_rabbitmq_queue_acknowledged_total: count("ack"),
    stack_rabbitmq_queue_redelivered_total: count("redeliver"),
    // Where it is not among the fullest nobody has looked into it.
    stack_rabbitmq_dead_letters: whole(all.find(({ name }) => name === deadLetterQueue)?.messages),
    stack_rabbitmq_queues: whole(Math.max(0, total - 1)),
    stack_rabbitmq_memory_used_bytes: whole(node.mem_used),
    stack_rabbitmq_memory_limit_bytes: whole(node.mem_limit),
    stack_rabbitmq_disk_free_bytes: whole(node.disk_free),
    stack_rabbitmq_disk_limit_bytes: whole(node.disk_free_limit),
    stack_rabbitmq_files: whole(node.fd_used),
    stack_rabbitmq_files_limit: whole(node.fd_total),
    stack_rabbitmq_alarm: [...alarm("memory", node.mem_alarm), ...alarm("disk", node.disk_free_alarm)],
  };
}

function sample(labels: Sample["labels"], value: number | undefined): Sample[] {
  return value === undefined ? [] : [{ ...(labels && { labels }), value }];
}
