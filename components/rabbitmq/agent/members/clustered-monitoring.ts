import type { CheckOpeners } from "../../../../engine/declared-checks.ts";
import type { StackWith } from "../../../../engine/stack-with.ts";
import type { ComponentCheck } from "../../../../stack/components/index.ts";
import { clusteredCheck } from "./clustered-check.ts";

export function clusteredChecks(model: StackWith<"rabbitmq">): CheckOpeners<ComponentCheck<"rabbitmq">> {
  return { "rabbitmq:roundtrip": clusteredCheck(model) };
}

/** What the agent holds of RabbitMQ on a machine of a cluster. */
export const clusteredMonitoring = { checks: clusteredChecks };
