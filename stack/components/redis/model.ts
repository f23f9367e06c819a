import type { Suite } from "../../debian.ts";
import type { Definition } from "../../definition/schema.ts";
import type { SecretName } from "../../model.ts";
import { type ClusterModel, clusterModel } from "../cluster/model.ts";
import { type ExternalServers, externalServers } from "../external.ts";
import { wellKnownPorts } from "../well-known-ports.ts";
import type { RedisSettings } from "./settings.ts";

export interface RedisModel extends Omit<RedisSettings, "external"> {
  /** Whether it knows `hide-user-data-from-log` (7.4 and later). */
  readonly hidesData: boolean;
  readonly snapshots: readonly Snapshot[];
  /** None where the servers are somebody else's. */
  readonly nodes: readonly RedisNode[];
  readonly external?: ExternalRedis;
  /** Where its nodes are two on each of three machines: by default a shard's master, and the replica of the one before. */
  readonly cluster?: ClusterModel;
  /** The secret that is its password. */
  readonly secret: SecretName;
}

export interface ExternalRedis extends ExternalServers {
  readonly mode: "cluster" | "sentinel" | "single";
  /** The Sentinels' name for it. */
  readonly master: string;
  readonly user: string;
}

/** When a node's data is to be saved: so many seconds after the last time, and so many changes. */
export interface Snapshot {
  readonly seconds: number;
  readonly changes: number;
}

export interface RedisNode {
  readonly port: number;
  readonly busPort: number;
  readonly unit: string;
  readonly dataDirectory: string;
  readonly config: string;
  /** What the node does by itself where nobody tells it to (the job redis-saves). */
  readonly alone: {
    readonly snapshots: readonly Snapshot[];
    /** Least size of the append-only file to be rewritten, as a multiple of maxmemory. */
    readonly rewriteFrom: number;
  };
}

/** How many of `ports` a machine of a cluster has a node on: a master's, and a replica's. */
export const nodesOfMember = 2;

/** Of Debian's Redis. */
const hidesData: Readonly<Record<Suite, boolean>> = { bookworm: false, trixie: true };

/** Redis's own rule: the cluster bus listens on port + 10000. */
export const busOffset = 10_000;

/**
 * Redis Cluster as a definition means it: one master a port, each a unit of its own; on a machine of a cluster of three,
 * a master and a replica.
 */
export function redisModel(
  { external, ...settings }: RedisSettings,
  { debian, cluster }: Pick<Definition, "debian" | "cluster">,
): RedisModel {
  const snapshots = snapshotsOf(settings.save);
  const ports = cluster === undefined ? settings.ports : settings.ports.slice(0, nodesOfMember);
  return {
    ...settings,
    hidesData: hidesData[debian],
    snapshots,
    ...(external === undefined
      ? {
          secret: "redis.auth",
          ...(cluster && { cluster: clusterModel(cluster) }),
          nodes: ports.map((port, index, { length }) => node(port, alone(snapshots, index / length))),
        }
      : { secret: "redis_password", nodes: [], external: externalRedis(external) }),
  };
}

function externalRedis(external: NonNullable<RedisSettings["external"]>): ExternalRedis {
  const { mode, master, user } = external;
  return {
    ...externalServers(external, mode === "sentinel" ? wellKnownPorts.sentinel : wellKnownPorts.redis),
    mode,
    master,
    user,
  };
}

function snapshotsOf(save: string): Snapshot[] {
  return [...save.matchAll(/(\d+) (\d+)/g)].map(([, seconds, changes]) => {
    return { seconds: Number(seconds), changes: Number(changes) };
  });
}

const day = 86_400;

/**
 * A day or two later than wanted, and a log of six or seven times the memory: not while the agent
 * runs, and each node at another time where it doesn't.
 *
 * @param turn 0 to 1: the node's place among all
 */
function alone(snapshots: readonly Snapshot[], turn: number): RedisNode["alone"] {
  const later = Math.round(day * (1 + turn));
  return {
    snapshots: snapshots.map(({ seconds, changes }) => ({ seconds: seconds + later, changes })),
    rewriteFrom: 6 + turn,
  };
}

function node(port: number, alone: RedisNode["alone"]): RedisNode {
  return {
    port,
    busPort: port + busOffset,
    unit: `redis-server@${port}.service`,
    dataDirectory: `/var/lib/redis/${port}`,
    config: `/etc/redis/redis-${port}.conf`,
    alone,
  };
}
