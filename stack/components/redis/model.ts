import type { Definition } from "../../definition/schema.ts";
import type { RedisModel, RedisNode } from "../../model.ts";

/** Redis's own rule: the cluster bus listens on port + 10000. */
const busOffset = 10_000;

/** Redis Cluster as a definition means it: one master a port, each a unit of its own. */
export function redisModel(definition: Definition): RedisModel {
  if (definition.redis === undefined) throw new TypeError("this definition has no redis");
  return { ...definition.redis, nodes: definition.redis.ports.map(node) };
}

function node(port: number): RedisNode {
  return {
    port,
    busPort: port + busOffset,
    unit: `redis-server@${port}.service`,
    dataDirectory: `/var/lib/redis/${port}`,
    config: `/etc/redis/redis-${port}.conf`,
  };
}
