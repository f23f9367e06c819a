import type { SecretName } from "../../model.ts";
import type { RabbitmqModel } from "./model.ts";
import type { QueueType } from "./queue-types.ts";

/** What the broker holds, in the form of its definitions file; users without their passwords' hashes. */
export interface Definitions {
  readonly users: readonly Account[];
  readonly vhosts: readonly { readonly name: string }[];
  readonly permissions: readonly Permission[];
  readonly policies: readonly Policy[];
  readonly exchanges: readonly Exchange[];
  readonly queues: readonly Queue[];
  readonly bindings: readonly Binding[];
}

export interface Account {
  readonly name: string;
  /** The secret that is the user's password. */
  readonly secret: SecretName;
  readonly tags: readonly string[];
}

/** Regular expressions of the names a user may declare, publish to, consume from. */
export interface Permission {
  readonly user: string;
  readonly vhost: string;
  readonly configure: string;
  readonly write: string;
  readonly read: string;
}

export interface Policy {
  readonly name: string;
  readonly vhost: string;
  readonly pattern: string;
  readonly "apply-to": "queues";
  readonly priority: number;
  readonly definition: Readonly<Record<string, string | number>>;
}

export interface Exchange {
  readonly name: string;
  readonly vhost: string;
  readonly type: "topic" | "direct";
  readonly durable: true;
  readonly auto_delete: false;
  readonly internal: false;
  readonly arguments: Readonly<Record<string, never>>;
}

export interface Queue {
  readonly name: string;
  readonly vhost: string;
  readonly durable: true;
  readonly auto_delete: false;
  readonly arguments: { readonly "x-queue-type": QueueType };
}

export interface Binding {
  readonly source: string;
  readonly vhost: string;
  readonly destination: string;
  readonly destination_type: "queue";
  readonly routing_key: string;
  readonly arguments: Readonly<Record<string, never>>;
}

/**
 * Everything the broker of a stack holds. Dead-lettering is by policy, not by the queues'
 * arguments, which could never be changed again; at-least-once, so that a rejected event
 * is not lost between two queues.
 *
 * @param name the stack's; what services declare themselves must be called `NAME.…`
 */
export function rabbitmqDefinitions(rabbitmq: RabbitmqModel, name: string): Definitions {
  const { vhost, user, adminUser, agentUser, secrets, exchange, deadLetterExchange, deadLetterQueue, checkQueue } =
    rabbitmq;
  const own = quoted(name);
  const exchangeOf = (type: Exchange["type"], exchange: string): Exchange => ({
    name: exchange,
    vhost,
    type,
    durable: true,
    auto_delete: false,
    internal: false,
    arguments: {},
  });
  const queue = (queue: string, type: QueueType): Queue => ({
    name: queue,
    vhost,
    durable: true,
    auto_delete: false,
    arguments: { "x-queue-type": type },
  });
  const binding = (source: string, destination: string, key: string): Binding => ({
    source,
    vhost,
    destination,
    destination_type: "queue",
    routing_key: key,
    arguments: {},
  });
  const policy = (name: string, queues: readonly string[], definition: Policy["definition"]): Policy => ({
    name,
    vhost,
    pattern: oneOf(queues),
    "apply-to": "queues",
    priority: 1,
    definition,
  });
  const ofType = (type: QueueType) => rabbitmq.queues.filter((queue) => queue.type === type).map(({ name }) => name);
  return {
    users: [
      { name: adminUser, secret: secrets.admin, tags: ["administrator"] },
      // What it may see beside its own queue: figures, at the management API.
      { name: agentUser, secret: secrets.agent, tags: ["monitoring"] },
      { name: user, secret: secrets.app, tags: [] },
    ],
    vhosts: [{ name: vhost }],
    permissions: [
      { user: adminUser, vhost, configure: ".*", write: ".*", read: ".*" },
      { user: agentUser, vhost, configure: "^$", write: oneOf([checkQueue]), read: oneOf([checkQueue]) },
      { user, vhost, configure: `^${own}\\.`, write: `^(${quoted(exchange)}$|${own}\\.)`, read: `^${own}[-.]` },
    ],
    policies: [
      // Both are always there: one that was left out would stay as it was, and hold for a queue made anew.
      policy("dead-letter", ofType("quorum"), {
        "dead-letter-exchange": deadLetterExchange,
        "dead-letter-strategy": "at-least-once",
        overflow: "reject-publish",
        "delivery-limit": rabbitmq.deliveryLimit,
      }),
      policy("stream", ofType("stream"), streamLimits(rabbitmq.streamSize)),
      policy("check", [checkQueue], { "message-ttl": 60_000, "max-length": 100 }),
    ],
    exchanges: [
      exchangeOf("topic", exchange),
      exchangeOf("topic", deadLetterExchange),
      exchangeOf("direct", checkQueue),
    ],
    queues: [
      ...rabbitmq.queues.map(({ name, type }) => queue(name, type)),
      queue(deadLetterQueue, "quorum"),
      queue(checkQueue, "quorum"),
    ],
    bindings: [
      ...rabbitmq.queues.flatMap(({ name, bindings }) => bindings.map((key) => binding(exchange, name, key))),
      binding(deadLetterExchange, deadLetterQueue, "#"),
      binding(checkQueue, checkQueue, checkQueue),
    ],
  };
}

/** The definitions in two parts, in the order in which a broker can take them. */
export interface LoadedDefinitions {
  readonly atStart: Definitions;
  readonly onceRunning: Definitions;
}

/**
 * A broker that starts can't load a binding to a stream that is there already: the stream is led a
 * moment later, counts as absent until then, and the start fails (rabbitmq-server#14772; seen with
 * 4.0.5). Once made it lasts.
 */
export function loadedDefinitions(all: Definitions): LoadedDefinitions {
  const streams = all.queues.filter((queue) => queue.arguments["x-queue-type"] === "stream").map(({ name }) => name);
  const isLate = ({ destination }: Binding): boolean => streams.includes(destination);
  const none = { users: [], vhosts: [], permissions: [], policies: [], exchanges: [], queues: [] };
  return {
    atStart: { ...all, bindings: all.bindings.filter((binding) => !isLate(binding)) },
    onceRunning: { ...none, bindings: all.bindings.filter(isLate) },
  };
}

/**
 * A stream is deleted by whole segments, and its last one stays. RabbitMQ's segments have 500 MB; an
 * eighth of the limit keeps what lies on disk near it.
 * (https://www.rabbitmq.com/docs/streams#retention)
 */
function streamLimits(sizeMiB: number): Policy["definition"] {
  const size = sizeMiB * 1024 * 1024;
  return { "max-length-bytes": size, "stream-max-segment-size-bytes": Math.min(size / 8, 500_000_000) };
}

/** No queue's name is empty: none of them all is `^()$`. */
function oneOf(names: readonly string[]): string {
  return `^(${names.map(quoted).join("|")})$`;
}

function quoted(name: string): string {
  return name.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}
