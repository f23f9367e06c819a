import { counter, gauge } from "../metric-spec.ts";

/** What the agent tells of PostgreSQL beside its health; read every 30 seconds. */
export const metrics = [
  gauge("stack_postgres_event_position", "Position of the newest event; as good as how many there are."),
  counter("stack_postgres_events_appended_total", "Events appended, since the server's statistics began."),
  gauge("stack_postgres_projection_lag_events", "Events that the slowest projection has yet to read."),
  gauge("stack_postgres_connections", "Clients that are connected, of all databases."),
  gauge("stack_postgres_connections_limit", "How many may be: max_connections."),
  gauge("stack_postgres_wal_bytes", "Size of the write-ahead log on disk."),
  gauge("stack_postgres_database_bytes", "Size of the event store's database on disk."),
  counter("stack_postgres_cache_hits_total", "Blocks that were found in shared_buffers."),
  counter("stack_postgres_cache_misses_total", "Blocks that had to be read."),
  counter("stack_postgres_commits_total", "Transactions committed in the event store's database."),
  counter("stack_postgres_rollbacks_total", "Transactions rolled back in it."),
] as const;

/** Beside them, of a machine whose server is one of three: each machine tells of its own. */
export const clusterMetrics = [
  gauge("stack_postgres_is_leader", "1 where this machine's server leads, 0 where it is a standby."),
  gauge("stack_postgres_is_synchronous", "1 where this machine's server is the standby that commits wait for."),
  gauge("stack_postgres_members_running", "Servers that run, of 3, as Patroni sees them."),
  gauge("stack_postgres_timeline", "The server's timeline: one more with each change of the leader."),
  gauge("stack_postgres_replication_lag_bytes", "What this machine's standby has not got of the leader's log yet."),
] as const;
