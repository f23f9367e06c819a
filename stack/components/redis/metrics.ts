import { counter, gauge } from "../metric-spec.ts";

/** What the agent tells of each node, by the label `node`, its port. Of one that is down only that it is. */
export const metrics = [
  gauge("stack_redis_node_up", "1 where the node answered the last look."),
  gauge("stack_redis_node_memory_used_bytes", "Memory that the node uses, of its maxmemory."),
  gauge("stack_redis_node_memory_limit_bytes", "The node's maxmemory; 0: none."),
  gauge("stack_redis_node_keys", "Keys that the node holds."),
  counter("stack_redis_node_evicted_keys_total", "Keys that made way for others."),
  counter("stack_redis_node_expired_keys_total", "Keys whose time was over."),
  counter("stack_redis_node_keyspace_hits_total", "Look-ups that found their key."),
  counter("stack_redis_node_keyspace_misses_total", "Look-ups that found none."),
  counter("stack_redis_node_commands_total", "Commands carried out."),
  gauge("stack_redis_node_clients", "Clients that are connected."),
  gauge("stack_redis_node_clients_limit", "How many may be: maxclients."),
  gauge("stack_redis_node_persistence_up", "1 where the last snapshot, write and rewrite of the log succeeded."),
  gauge("stack_redis_node_unsaved_changes", "Changes since the last snapshot; the append-only log has them."),
  gauge("stack_redis_node_last_save_timestamp_seconds", "When the last snapshot ended."),
  gauge("stack_redis_node_last_fork_seconds", "How long the node stood still for its last fork."),
] as const;

/** Beside them, of a machine that is one of a cluster's three. */
export const clusterMetrics = [
  gauge("stack_redis_cluster_slots_served", "Slots that a master serves, of 16384, as this machine's nodes see it."),
  gauge("stack_redis_cluster_nodes_reachable", "Nodes of all machines that this one's can reach, of 6."),
  gauge("stack_redis_node_is_master", "1 where the node is a master, 0 where it is a replica."),
  gauge("stack_redis_node_replication_lag_bytes", "What a replica has not got of its master's changes yet."),
] as const;
