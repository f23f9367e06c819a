import type { Complete } from "../../definition/complete.ts";
import type { Definition, ServiceSettings } from "../../definition/schema.ts";
import type { QueueType } from "./queue-types.ts";
import type { RabbitmqSettings } from "./settings.ts";
import { defaultSources } from "./sources.ts";

export interface RabbitmqModel extends Complete<RabbitmqSettings> {
  readonly unit: string;
  readonly agentUser: "stack-agent";
  readonly adminUser: "stack-admin";
  /** Quorum queue that the health check publishes to and consumes from. */
  readonly checkQueue: string;
  readonly deadLetterQueue: string;
  /** A queue a service. */
  readonly queues: readonly ServiceQueue[];
}

export interface ServiceQueue {
  readonly name: string;
  readonly service: string;
  readonly type: QueueType;
  /** Routing keys that bind it to the exchange. */
  readonly bindings: readonly string[];
}

/**
 * RabbitMQ as a definition means it. Names not given come from the stack's:
 * `stock-analysis` → vhost `/stock-analysis`, user `stock-analysis`, exchanges
 * `stock-analysis-events` and `stock-analysis-dlx`. Every service that needs RabbitMQ has
 * a queue, `stock-analysis-event-bus`, with or without bindings.
 */
export function rabbitmqModel(
  { vhost, user, exchange, deadLetterExchange, sources, ...settings }: RabbitmqSettings,
  { name, debian, services }: Pick<Definition, "name" | "debian" | "services">,
): RabbitmqModel {
  return {
    ...settings,
    sources: [...(sources ?? defaultSources[debian])],
    vhost: vhost ?? `/${name}`,
    user: user ?? name,
    exchange: exchange ?? `${name}-events`,
    deadLetterExchange: deadLetterExchange ?? `${name}-dlx`,
    unit: "rabbitmq-server.service",
    agentUser: "stack-agent",
    adminUser: "stack-admin",
    checkQueue: "stack-agent-check",
    deadLetterQueue: `${name}-dead-letters`,
    queues: Object.entries(services)
      .filter(([, service]) => needsRabbitmq(service))
      .map(([service, { queue, bindings }]) => ({ name: `${name}-${service}`, service, type: queue, bindings })),
  };
}

function needsRabbitmq(service: ServiceSettings): boolean {
  return service.needs === undefined || service.needs.includes("rabbitmq");
}
