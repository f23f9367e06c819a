import type { QueryResult } from "pg";
import type { Figures } from "../../../engine/check.ts";
import type { PostgresConnection } from "./client.ts";

/** Both in one message, so that the limit is this look's alone: a disk that stands still delays no health check. */
const look = "set local statement_timeout = '500ms'; select stack_agent.figures() as figures";

/** @throws pg's DatabaseError: 57014 it took too long, 42883 the migration is not applied yet */
export async function readFigures({ client }: PostgresConnection): Promise<Figures> {
  // A text of several statements has a result for each, which pg's types don't tell.
  const results = (await client.query(look)) as unknown as readonly QueryResult<{ readonly figures: Found }>[];
  const found = results[1]?.rows[0]?.figures;
  if (found === undefined) return {};
  return {
    stack_postgres_event_position: found.position,
    stack_postgres_events_appended_total: found.appended,
    ...(found.lag !== null && { stack_postgres_projection_lag_events: found.lag }),
    stack_postgres_connections: found.connections,
    stack_postgres_connections_limit: found.most_connections,
    stack_postgres_wal_bytes: found.wal,
    stack_postgres_database_bytes: found.database,
    stack_postgres_cache_hits_total: found.hits,
    stack_postgres_cache_misses_total: found.reads,
    stack_postgres_commits_total: found.commits,
    stack_postgres_rollbacks_total: found.rollbacks,
  };
}

/** As stack_agent.figures() gives it (migration 0011). */
interface Found {
  readonly position: number;
  /** Null: there is no projection. */
  readonly lag: number | null;
  readonly appended: number;
  readonly connections: number;
  readonly most_connections: number;
  readonly wal: number;
  readonly database: number;
  readonly hits: number;
  readonly reads: number;
  readonly commits: number;
  readonly rollbacks: number;
}
