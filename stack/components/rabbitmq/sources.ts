/**
 * Where RabbitMQ's packages come from: the RabbitMQ team's signed repositories; the next
 * Debian's, rebuilt; Debian's own.
 */
export const brokerSources = ["vendor", "backport", "debian"] as const;
export type BrokerSource = (typeof brokerSources)[number];
