import type { Found } from "../../../engine/finding.ts";
import { type AskOptions, askSuperuser } from "./ask-superuser.ts";
import { oldestXmin } from "./oldest-xmin.ts";

/** Seconds that a transaction may stand open with nothing to do. */
const longestIdle = 3600;

/**
 * What holds back vacuum, the oldest first: kind, name, age in transactions, seconds idle in a transaction.
 * No statement is read: those hold values. https://www.postgresql.org/docs/15/routine-vacuuming.html
 */
const query = `
  select 'session', pid::text, age(backend_xmin),
    case when state like 'idle in transaction%' then extract(epoch from now() - state_change)::int else 0 end
  from pg_stat_activity where backend_xmin is not null and pid <> pg_backend_pid()
  union all select 'slot', slot_name, greatest(age(xmin), age(catalog_xmin)), 0
  from pg_replication_slots where xmin is not null or catalog_xmin is not null
  union all select 'prepared', quote_literal(gid), age(transaction), 0 from pg_prepared_xacts
  union all select 'idle', pid::text, 0, extract(epoch from now() - state_change)::int
  from pg_stat_activity where backend_xmin is null and state like 'idle in transaction%'
  order by 3 desc, 4 desc limit 1`;

type Kind = "session" | "slot" | "prepared" | "idle";

const helps: Readonly<Record<Kind, (name: string) => { readonly what: string; readonly sql: string }>> = {
  session: (pid) => ({ what: `the session of process ${pid}`, sql: `select pg_terminate_backend(${pid})` }),
  idle: (pid) => ({ what: `the session of process ${pid}`, sql: `select pg_terminate_backend(${pid})` }),
  slot: (name) => ({ what: `the replication slot ${name}`, sql: `select pg_drop_replication_slot('${name}')` }),
  prepared: (gid) => ({ what: `the prepared transaction ${gid}`, sql: `rollback prepared ${gid}` }),
};

/** What keeps vacuum from its work: a session, a slot or a prepared transaction. */
export async function xminHorizon(options: AskOptions): Promise<Found> {
  const [row] = await askSuperuser(query.replace(/\s+/g, " ").trim(), options);
  if (row === undefined) return { status: "pass", message: "nothing holds back vacuum" };
  // A name may have the separator in it.
  const [, kind = "", name = "", age = "", idle = ""] = /^(\w+)\|(.*)\|(\d+)\|(\d+)$/.exec(row) ?? [];
  const { what, sql } = helps[kind as Kind](name);
  const held = Number(age) >= oldestXmin;
  if (!held && Number(idle) < longestIdle) {
    return { status: "pass", message: `the oldest is ${what}, ${age} transactions` };
  }
  const why = held ? `for ${age} transactions` : `idle in a transaction for ${idle} s`;
  return {
    status: "warn",
    message: `${what} holds back vacuum, ${why}`,
    hint: `as postgres, once you know whose it is: psql -c ${JSON.stringify(sql)}`,
  };
}
