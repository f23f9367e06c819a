import { Agent } from "node:http";
import type { CheckContext, CheckOpener, OpenCheck, Outcome } from "../../../../engine/check.ts";
import { keepFigures } from "../../../../engine/keep-figures.ts";
import type { StackWith } from "../../../../engine/stack-with.ts";
import { abortable } from "../../../../lib/abortable.ts";
import type { ClusterModel } from "../../../../stack/components/cluster/model.ts";
import { brokerName, type RabbitmqModel } from "../../../../stack/components/rabbitmq/model.ts";
import type { BrokerNode } from "../alarms.ts";
import { openMember } from "../amqp.ts";
import { openLine, rabbitmqCheck, roundtrip } from "../check.ts";
import { management } from "../management.ts";

/** Milliseconds for what the broker says of the others, and from one asking to the next. */
const LONGEST = 5_000;
const ASK_EVERY = 4_000;

/**
 * RabbitMQ on a machine of a cluster: this machine's broker takes a message and gives it back from a queue of three
 * members. Where two of three brokers do the work it is `warn`; where no two do, a queue has no leader, and it fails.
 */
export function clusteredCheck(model: StackWith<"rabbitmq">): CheckOpener {
  const own = rabbitmqCheck(model);
  return (context) => openCheck(own(context), model.rabbitmq, context);
}

function openCheck(own: OpenCheck, rabbitmq: RabbitmqModel, context: CheckContext): OpenCheck {
  const { cluster } = rabbitmq;
  if (cluster === undefined) throw new TypeError("the broker is alone");
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const closing = new AbortController();
  let away: Outcome | undefined;
  const lookForOthers = keepFigures(async () => {
    const signal = AbortSignal.any([closing.signal, AbortSignal.timeout(LONGEST)]);
    away = await othersAway(rabbitmq, cluster, context, agent, signal);
    return {};
  }, ASK_EVERY);
  return {
    async run(signal) {
      const outcome = await own.run(signal);
      if (outcome.status === "pass") {
        lookForOthers();
        return away === undefined ? outcome : { ...outcome, ...away };
      }
      if (!["refused", "reset", "error"].includes(outcome.code)) return outcome;
      const elsewhere = await worksElsewhere(rabbitmq, cluster, context, signal).catch(() => false);
      if (!elsewhere) return outcome;
      const message = `this machine's broker does not answer: ${outcome.message}; the others do the work`;
      return { ...outcome, status: "warn", code: "node-down", message };
    },
    async close() {
      closing.abort();
      agent.destroy();
      await own.close();
    },
  };
}

async function othersAway(
  { managementPort: port, agentUser: user, secrets }: RabbitmqModel,
  cluster: ClusterModel,
  context: CheckContext,
  agent: Agent,
  signal: AbortSignal,
): Promise<Outcome | undefined> {
  const password = await context.secret(secrets.agent);
  if (password === undefined) return undefined;
  const path = "/nodes?columns=name,running";
  const nodes = await management({ port, user, password }, "GET", path, { signal, agent });
  return judgeBrokers(nodes as readonly BrokerNode[], cluster);
}

/** Which brokers the cluster goes on without; undefined where all are there. */
export function judgeBrokers(nodes: readonly BrokerNode[], cluster: ClusterModel): Outcome | undefined {
  const away = cluster.nodes.filter(
    ({ address }) => !nodes.some(({ name, running }) => running === true && name === brokerName(address)),
  );
  if (away.length === 0) return undefined;
  const names = away.map(({ name, address }) => `${name} (${brokerName(address)})`).join(", ");
  return { status: "warn", code: "degraded", message: `${names} is not there; the queues are led by the others` };
}

async function worksElsewhere(
  { vhost, agentUser: user, secrets, checkQueue }: RabbitmqModel,
  cluster: ClusterModel,
  context: CheckContext,
  signal: AbortSignal,
): Promise<boolean> {
  const password = await context.secret(secrets.agent);
  if (password === undefined) return false;
  const connection = await openMember(cluster, { vhost, user, password }, signal);
  try {
    const line = await abortable(openLine(connection), signal, connection.drop);
    await abortable(roundtrip(line, checkQueue, signal), signal, connection.drop);
    return true;
  } finally {
    connection.drop();
  }
}
