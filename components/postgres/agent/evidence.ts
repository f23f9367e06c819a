import type { FindingsOptions } from "../../../engine/agent-part.ts";
import type { Evidence } from "../../../engine/evidence.ts";
import { askSuperuser } from "./ask-superuser.ts";

/** No statement and no row: both hold values. */
const queries: readonly (readonly [name: string, about: string, query: string])[] = [
  [
    "settings",
    "PostgreSQL's settings that are not its defaults",
    "select name, setting, unit, source, pending_restart from pg_settings where source not in ('default', 'override') order by 1",
  ],
  ["databases", "PostgreSQL's databases and their counters", "select *, pg_database_size(datid) from pg_stat_database"],
  [
    "sessions",
    "PostgreSQL's sessions, without their statements",
    "select pid, datname, usename, backend_type, state, wait_event_type, wait_event, now() - xact_start, now() - state_change, age(backend_xmin) from pg_stat_activity order by pid",
  ],
  [
    "tables",
    "the sizes of each schema's tables",
    "select schemaname, relname, n_live_tup, n_dead_tup, last_autovacuum, last_autoanalyze from pg_stat_user_tables order by 1, 2",
  ],
];

export function evidence({ run, signal, model: { postgres } }: FindingsOptions): readonly Evidence[] {
  return queries.map(([name, about, query]) => ({
    path: `postgres/${name}.txt`,
    about,
    collect: async () => {
      const database = name === "tables" ? { database: postgres?.database } : {};
      return (await askSuperuser(query, { run, signal, ...database })).join("\n");
    },
  }));
}
