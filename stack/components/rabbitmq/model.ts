import type { Definition, ServiceSettings } from "../../definition/schema.ts";
import type { RabbitmqModel } from "../../model.ts";
import { defaultSources } from "./sources.ts";

/**
 * RabbitMQ as a definition means it. Names not given come from the stack's:
 * `stock-analysis` → vhost `/stock-analysis`, user `stock-analysis`, exchanges
 * `stock-analysis-events` and `stock-analysis-dlx`. Every service that needs RabbitMQ has
 * a queue, `stock-analysis-event-bus`, with or without bindings.
 */
export function rabbitmqModel(definition: Definition): RabbitmqModel {
  if (definition.rabbitmq === undefined) throw new TypeError("this definition has no rabbitmq");
  const { vhost, user, exchange, deadLetterExchange, sources, ...settings } = definition.rabbitmq;
  const { name } = definition;
  return {
    ...settings,
    sources: [...(sources ?? defaultSources[definition.debian])],
    vhost: vhost ?? `/${name}`,
    user: user ?? name,
    exchange: exchange ?? `${name}-events`,
    deadLetterExchange: deadLetterExchange ?? `${name}-dlx`,
    unit: "rabbitmq-server.service",
    agentUser: "stack-agent",
    adminUser: "stack-admin",
    checkQueue: "stack-agent-check",
    deadLetterQueue: `${name}-dead-letters`,
    queues: Object.entries(definition.services)
      .filter(([, service]) => needsRabbitmq(service))
      .map(([service, { queue, bindings }]) => ({ name: `${name}-${service}`, service, type: queue, bindings })),
  };
}

function needsRabbitmq(service: ServiceSettings): boolean {
  return service.needs === undefined || service.needs.includes("rabbitmq");
}
