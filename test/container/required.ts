import { debian } from "./debian.ts";

/**
 * What a user of the default stack is promised, by name: REQUIREMENTS, not the model. A test
 * that took these from the code under test could not find it wrong.
 */
export const required = {
  postgres: {
    port: 5432,
    unit: `postgresql@${debian.postgres}-main.service`,
    dataDirectory: `/var/lib/postgresql/${debian.postgres}/main`,
    configDirectory: `/etc/postgresql/${debian.postgres}/main`,
    binDirectory: `/usr/lib/postgresql/${debian.postgres}/bin`,
    database: "stock_analysis_event_store",
    user: "stock_analysis_user",
    owner: "event_store_owner",
  },
  redis: { ports: [6379, 6380, 6381], units: [6379, 6380, 6381].map((port) => `redis-server@${port}.service`) },
  rabbitmq: {
    port: 5672,
    managementPort: 15672,
    unit: "rabbitmq-server.service",
    vhost: "/stock-analysis",
    user: "stock-analysis",
    exchange: "stock-analysis-events",
    deadLetterExchange: "stock-analysis-dlx",
  },
  agent: { port: 8000, unit: "stack-agent.service" },
  target: "stock-analysis.target",
  services: {
    "broker-gateway": { port: 8001, key: "broker.probe" },
    "intelligent-core": { port: 8002, key: "analysis.probe" },
    "event-bus": { port: 8003, key: "anything.at.all" },
    monitoring: { port: 8004, key: undefined },
    frontend: { port: 8005, key: undefined },
  },
} as const;

export type ServiceName = keyof typeof required.services;
export const serviceNames = Object.keys(required.services) as ServiceName[];
export const serviceUnit = (name: ServiceName): string => `stock-analysis-${name}.service`;
/** Holds the service's port: stopped, it stops the service too; a service stopped alone is started by who comes. */
export const serviceSocket = (name: ServiceName): string => `stock-analysis-${name}.socket`;
export const serviceQueue = (name: ServiceName): string => `stock-analysis-${name}`;
