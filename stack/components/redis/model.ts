import type { Suite } from "../../debian.ts";
import type { Definition } from "../../definition/schema.ts";
import type { RedisSettings } from "./settings.ts";

export interface RedisModel extends RedisSettings {
  /** Whether it knows `hide-user-data-from-log` (7.4 and later). */
  readonly hidesData: boolean;
  readonly nodes: readonly RedisNode[];
}

export interface RedisNode {
  readonly port: number;
  readonly busPort: number;
  readonly unit: string;
  readonly dataDirectory: string;
  readonly config: string;
}

/** Of Debian's Redis. */
const hidesData: Readonly<Record<Suite, boolean>> = { bookworm: false, trixie: true };

/** Redis's own rule: the cluster bus listens on port + 10000. */
export const busOffset = 10_000;

/** Redis Cluster as a definition means it: one master a port, each a unit of its own. */
export function redisModel(settings: RedisSettings, { debian }: Pick<Definition, "debian">): RedisModel {
  return { ...settings, hidesData: hidesData[debian], nodes: settings.ports.map(node) };
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
