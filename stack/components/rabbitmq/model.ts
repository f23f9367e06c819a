import type { Complete } from "../../definition/complete.ts";
import type { Definition, ServiceSettings } from "../../definition/schema.ts";
import type { SecretName } from "../../model.ts";
import { type ClusterModel, clusterModel } from "../cluster/model.ts";
import { addressOf, type ExternalServers, externalServers, type ServerAddress } from "../external.ts";
import { wellKnownPorts } from "../well-known-ports.ts";
import type { QueueType } from "./queue-types.ts";
import type { RabbitmqSettings } from "./settings.ts";
import { defaultSources } from "./sources.ts";

export interface RabbitmqModel extends Omit<Complete<RabbitmqSettings>, "external"> {
  readonly unit: string;
  /** Where it is, if it is somebody else's; undefined: on this machine. */
  readonly external?: ExternalBrokers;
  /** Where it is one of three brokers that are a cluster. */
  readonly cluster?: ClusterModel;
  readonly agentUser: string;
  readonly adminUser: string;
  /** Whose password is which secret. */
  readonly secrets: { readonly admin: SecretName; readonly app: SecretName; readonly agent: SecretName };
  /** Quorum queue that the health check publishes to and consumes from. */
  readonly checkQueue: string;
  readonly deadLetterQueue: string;
  /** A queue a service. */
  readonly queues: readonly ServiceQueue[];
}

export interface ExternalBrokers extends ExternalServers {
  readonly management?: ServerAddress;
}

export interface ServiceQueue {
  readonly name: string;
  readonly service: string;
  readonly type: QueueType;
  /** Routing keys that bind it to the exchange. */
  readonly bindings: readonly string[];
}

/**
 * A broker's name in Erlang: by its machine's address, which needs nobody to look it up. Its data's folder is called so.
 */
export function brokerName(address: string): string {
  return `rabbit@${address}`;
}

/**
 * RabbitMQ as a definition means it. Names not given come from the stack's:
 * `stock-analysis` → vhost `/stock-analysis`, user `stock-analysis`, exchanges
 * `stock-analysis-events` and `stock-analysis-dlx`. Every service that needs RabbitMQ has
 * a queue, `stock-analysis-event-bus`, with or without bindings.
 */
export function rabbitmqModel(
  { vhost, user, exchange, deadLetterExchange, sources, external, ...settings }: RabbitmqSettings,
  { name, debian, services, cluster }: Pick<Definition, "name" | "debian" | "services" | "cluster">,
): RabbitmqModel {
  return {
    ...settings,
    sources: [...(sources ?? defaultSources[debian])],
    vhost: vhost ?? `/${name}`,
    user: user ?? name,
    exchange: exchange ?? `${name}-events`,
    deadLetterExchange: deadLetterExchange ?? `${name}-dlx`,
    unit: "rabbitmq-server.service",
    ...(external === undefined
      ? {
          ...{ agentUser: "stack-agent", adminUser: "stack-admin", secrets: ownSecrets },
          ...(cluster && { cluster: clusterModel(cluster) }),
        }
      : {
          ...{ agentUser: `${name}-agent`, adminUser: external.admin, secrets: givenSecrets },
          external: externalBrokers(external),
        }),
    checkQueue: "stack-agent-check",
    deadLetterQueue: `${name}-dead-letters`,
    queues: Object.entries(services)
      .filter(([, service]) => needsRabbitmq(service))
      .map(([service, { queue, bindings }]) => ({ name: `${name}-${service}`, service, type: queue, bindings })),
  };
}

const ownSecrets = { admin: "rabbitmq.admin", app: "rabbitmq.app", agent: "rabbitmq.agent" } as const;

/** Of brokers that are somebody else's: passwords that are given. */
const givenSecrets = {
  admin: "rabbitmq_admin_password",
  app: "rabbitmq_password",
  agent: "rabbitmq_agent_password",
} as const;

function externalBrokers(external: NonNullable<RabbitmqSettings["external"]>): ExternalBrokers {
  const { amqp, amqps, rabbitmqHttp: http, rabbitmqHttps: https } = wellKnownPorts;
  const { management, tls } = external;
  return {
    ...externalServers(external, amqp, amqps),
    ...(management !== undefined && { management: addressOf(management, tls ? https : http) }),
  };
}

function needsRabbitmq(service: ServiceSettings): boolean {
  return service.needs === undefined || service.needs.includes("rabbitmq");
}
