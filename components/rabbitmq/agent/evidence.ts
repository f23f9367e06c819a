import type { FindingsOptions } from "../../../engine/agent-part.ts";
import type { Evidence } from "../../../engine/evidence.ts";
import { readSecret } from "../../../engine/secrets/read-secret.ts";
import { management } from "./management.ts";

/** Milliseconds for the broker's answer. */
const LONGEST = 10_000;

/** No message. */
const asked = {
  overview: "/overview",
  nodes: "/nodes",
  queues: "/queues",
  exchanges: "/exchanges",
  bindings: "/bindings",
};

export function evidence({ model: { rabbitmq, paths }, signal }: FindingsOptions): readonly Evidence[] {
  if (rabbitmq === undefined) return [];
  const { managementPort: port, adminUser: user } = rabbitmq;
  return Object.entries(asked).map(([name, path]) => ({
    path: `rabbitmq/${name}.json`,
    about: `RabbitMQ's /api${path}`,
    collect: async () => {
      const password = (await readSecret(paths.state, "rabbitmq.admin")) ?? "";
      const within = AbortSignal.any([signal, AbortSignal.timeout(LONGEST)]);
      return `${JSON.stringify(await management({ port, user, password }, "GET", path, { signal: within }), undefined, 2)}\n`;
    },
  }));
}
