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
