import type { Suite } from "../../debian.ts";

/**
 * Where RabbitMQ's packages come from: the RabbitMQ team's signed repositories; the next
 * Debian's, with the libraries that they need beside them; Debian's own.
 */
export const brokerSources = ["vendor", "relocated", "debian"] as const;
export type BrokerSource = (typeof brokerSources)[number];

/** What a definition that names no source means: Debian 12's own RabbitMQ is too old. */
export const defaultSources: Readonly<Record<Suite, readonly BrokerSource[]>> = {
  bookworm: ["relocated"],
  trixie: ["debian"],
};
