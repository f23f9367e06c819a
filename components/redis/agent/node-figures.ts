import type { Figures } from "../../../engine/check.ts";
import type { MetricName } from "../../../stack/components/metric-spec.ts";
import { infoField } from "./info-field.ts";
import { readPersistence } from "./persistence.ts";

/** Sections of INFO that hold a node's figures, beside those that its health is judged by. */
export const figureSections = ["stats", "keyspace"] as const;

type NodeFigures = Readonly<Record<MetricName, number>>;

/** A node's figures, of its INFO. */
export function nodeFigures(info: string): NodeFigures {
  const number = (name: string): number => Number(infoField(info, name) ?? 0);
  const persistence = readPersistence(info);
  const isWritten = infoField(info, "aof_last_write_status") !== "err";
  return {
    stack_redis_node_memory_used_bytes: number("used_memory"),
    stack_redis_node_memory_limit_bytes: number("maxmemory"),
    // A cluster's node has this one database: db0:keys=2,expires=1,avg_ttl=0
    stack_redis_node_keys: Number(/^keys=(\d+)/.exec(infoField(info, "db0") ?? "")?.[1] ?? 0),
    stack_redis_node_evicted_keys_total: number("evicted_keys"),
    stack_redis_node_expired_keys_total: number("expired_keys"),
    stack_redis_node_keyspace_hits_total: number("keyspace_hits"),
    stack_redis_node_keyspace_misses_total: number("keyspace_misses"),
    stack_redis_node_commands_total: number("total_commands_processed"),
    stack_redis_node_clients: number("connected_clients"),
    stack_redis_node_clients_limit: number("maxclients"),
    stack_redis_node_persistence_up: persistence.failed.length === 0 && isWritten ? 1 : 0,
    stack_redis_node_unsaved_changes: persistence.changes,
    stack_redis_node_last_save_timestamp_seconds: persistence.lastSave,
    stack_redis_node_last_fork_seconds: number("latest_fork_usec") / 1e6,
  };
}

/** A node as it was found. */
export interface NodeUp {
  readonly port: number;
  readonly up: boolean;
  readonly figures?: NodeFigures;
}

/** All nodes' together, each by its port. */
export function clusterFigures(nodes: readonly NodeUp[]): Figures {
  const all = nodes.flatMap(({ port, up, figures = {} }) =>
    Object.entries({ stack_redis_node_up: up ? 1 : 0, ...figures }).map(([name, value]) => {
      return { name, sample: { labels: { node: `${port}` }, value } };
    }),
  );
  const byName = Map.groupBy(all, ({ name }) => name);
  return Object.fromEntries([...byName].map(([name, found]) => [name, found.map(({ sample }) => sample)]));
}
