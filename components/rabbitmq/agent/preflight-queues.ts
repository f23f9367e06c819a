import type { Problem } from "../../../engine/stage.ts";
import { shellWord } from "../../../lib/shell-words.ts";
import type { Definitions } from "../../../stack/components/rabbitmq/definitions.ts";
import type { RabbitmqModel } from "../../../stack/components/rabbitmq/model.ts";
import type { Held } from "./definitions-drift.ts";
import type { Broker, BrokerFacts } from "./inspect.ts";

/**
 * Queues of another type than wanted. RabbitMQ can't change a queue's type: it would have to be
 * deleted with all that is in it, which is never done here.
 */
export function preflightQueues(
  broker: Pick<Broker, "queues"> | Extract<BrokerFacts, string>,
  { vhost, queues }: Pick<RabbitmqModel, "vhost" | "queues">,
  wanted: Pick<Definitions, "queues">,
): Problem[] {
  if (typeof broker === "string") return [];
  return wanted.queues.flatMap(({ name, arguments: { "x-queue-type": type } }) => {
    const held = broker.queues.find((queue) => queue.name === name && queue.vhost === vhost);
    const is = held && typeOf(held);
    if (is === undefined || is === type) return [];
    const service = queues.find((queue) => queue.name === name)?.service;
    const keep = `; to keep it, say services.${service}.queue: ${is} in stack.yaml`;
    return [
      {
        code: "queue-type",
        message: `the queue ${name} is of type ${is}, and is to be of type ${type}: a queue's type can't be changed`,
        hint: `take out what is in it, then: rabbitmqctl delete_queue --vhost ${shellWord(vhost)} ${name}${service === undefined ? "" : keep}`,
      },
    ];
  });
}

/** A queue without the argument is a classic one. */
function typeOf(queue: Held): string {
  const { arguments: args } = queue;
  const type: unknown = typeof args === "object" && args !== null && "x-queue-type" in args && args["x-queue-type"];
  return typeof type === "string" ? type : "classic";
}
