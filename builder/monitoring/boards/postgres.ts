import type { Model } from "../../../stack/model.ts";
import type { Board, Panel } from "../board.ts";
import { rate, series } from "../series.ts";

/** The event store. */
export function postgres(stack: Model): readonly Board[] {
  if (stack.postgres === undefined) return [];
  return [
    {
      id: "postgres",
      title: "PostgreSQL event store",
      rows: [
        { title: "Events", panels: events },
        { title: "Server", panels: server },
        { title: "Disk", panels: disk },
      ],
    },
  ];
}

const events: readonly Panel[] = [
  {
    title: "Events",
    about: "Position of the newest event: as good as how many there are.",
    shape: "number",
    unit: "number",
    width: 4,
    queries: [{ expr: series("stack_postgres_event_position"), legend: "events" }],
  },
  {
    title: "Events appended",
    shape: "lines",
    unit: "per second",
    width: 10,
    queries: [{ expr: rate("stack_postgres_events_appended_total"), legend: "appended" }],
  },
  {
    title: "Slowest projection",
    about: "Events that it has yet to read. There is no figure where there is no projection.",
    shape: "lines",
    unit: "number",
    width: 10,
    limits: { warning: 10_000 },
    queries: [{ expr: series("stack_postgres_projection_lag_events"), legend: "events behind" }],
  },
];

const reads = `(${rate("stack_postgres_cache_hits_total")} + ${rate("stack_postgres_cache_misses_total")})`;

const server: readonly Panel[] = [
  {
    title: "Transactions",
    shape: "lines",
    unit: "per second",
    queries: [
      { expr: rate("stack_postgres_commits_total"), legend: "committed" },
      { expr: rate("stack_postgres_rollbacks_total"), legend: "rolled back" },
    ],
  },
  {
    title: "Connections in use",
    about: "Of max_connections. More than nine tenths is a warning: stack-agent doctor.",
    shape: "lines",
    unit: "ratio",
    limits: { warning: 0.9 },
    queries: [
      {
        expr: `${series("stack_postgres_connections")} / ${series("stack_postgres_connections_limit")}`,
        legend: "used",
      },
    ],
  },
  {
    title: "Reads served from memory",
    about: "Share of blocks that were found in shared_buffers.",
    shape: "lines",
    unit: "ratio",
    queries: [{ expr: `${rate("stack_postgres_cache_hits_total")} / ${reads}`, legend: "from memory" }],
  },
  {
    title: "Oldest snapshot",
    about: "Transactions since it was taken, whose rows vacuum has to leave: someone keeps a transaction open.",
    shape: "lines",
    unit: "number",
    width: 12,
    queries: [{ expr: series("stack_postgres_oldest_snapshot_transactions"), legend: "transactions" }],
  },
  {
    title: "A row written and read back",
    shape: "lines",
    unit: "seconds",
    width: 12,
    queries: [{ expr: series("stack_component_latency_seconds", 'component="postgres"'), legend: "took" }],
  },
];

const disk: readonly Panel[] = [
  {
    title: "Size",
    shape: "lines",
    unit: "bytes",
    width: 12,
    queries: [
      { expr: series("stack_postgres_database_bytes"), legend: "database" },
      { expr: series("stack_postgres_wal_bytes"), legend: "write-ahead log" },
    ],
  },
  {
    title: "Free for its data",
    shape: "lines",
    unit: "bytes",
    width: 12,
    queries: [{ expr: series("stack_filesystem_free_bytes", 'component="postgres"'), legend: "free" }],
  },
];
