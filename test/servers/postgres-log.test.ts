import t, { type Test } from "tap";
import { waitFor } from "../../lib/wait.ts";
import type { Query } from "../container/event-store.ts";
import { needs } from "../container/needs.ts";
import { stackModel } from "../stack/stack-model.ts";
import { type PostgresServer, postgresObstacle, postgresServer } from "./postgres-server.ts";
import { stageOn } from "./stage-on.ts";
import { suite } from "./suite.ts";

/** A value of an event, a key or a message; no identifier begins so. */
const needle = "needle-7f3a";

/** Statements of an application's; each fails or is told of by PostgreSQL as it comes. */
const statements: Readonly<Record<string, string>> = {
  "a field of append that is too long": `select event_store.append('a', 'a', -2,
    '[{"event_type": "A", "event_data": {}, "metadata": {"correlation_id": "${needle.repeat(99)}"}}]')`,
  "a field of append of another type": `select event_store.append('a', 'a', -2,
    '[{"event_id": "${needle}", "event_type": "A", "event_data": {}}]')`,
  "a conflict": `select event_store.append('a', '${needle}', 7, '[{"event_type": "A", "event_data": "${needle}"}]')`,
  "an argument of another type": `select event_store.append('a', 'a', '${needle}', '[]')`,
  "JSON that is none": `select event_store.append('a', 'a', -2, '{"a": ${needle}')`,
  "JSON that is no text": `select event_store.append('a', 'a', -2, '{"a": "${needle}\\u0000"}')`,
  "a checkpoint that has moved": `select event_store.advance_projection('${needle}', 3, 4)`,
  "a snapshot of no event": `select event_store.save_snapshot('a', '${needle}', 1, '{}')`,
  "a change of events": `update event_store.events set event_type = '${needle}'`,
  "a key that is there": `insert into projections.probe values ('${needle}'), ('${needle}')`,
  "a check that fails": `insert into projections.probe (checked) values ('${needle}')`,
  "a value that is needed": `insert into projections.probe (id, needed) values ('${needle}', null)`,
  "a reference to nothing": `insert into projections.probe (id, other) values ('a', '${needle}')`,
  "a value that is too long": `insert into projections.probe (short) values ('${needle}')`,
  "a key that is too long for an index": `insert into projections.probe (id)
    values ('${needle}' || (select string_agg(md5(n::text), '') from generate_series(1, 9999) n))`,
  "a statement with a fault": `select '${needle}' from '${needle}'`,
  "a name that is none": `select "${needle}"`,
  "a number that is none": `select '${needle}'::numeric`,
  "an error of its own": `do $$ begin raise exception 'what of ${needle}' using detail = '${needle}'; end $$`,
  "a warning of its own": `do $$ begin raise warning '${needle}'; end $$`,
  "a line for the log of its own": `do $$ begin raise log '${needle}'; end $$`,
  "an error below a statement of its own": `do $$ begin execute 'select 1 / 0 as "${needle}"'; end $$`,
  "a slow statement": `select pg_sleep(1.1), '${needle}'`,
  "a temporary file": `set work_mem = '64kB'; select '${needle}', n, repeat('x', 999) from generate_series(1, 20000) n
    order by n % 7 limit 1 offset 19999`,
  "a tree that is printed": `set debug_print_parse = on; set debug_print_plan = on; select '${needle}'`,
  "values told with errors": `set log_parameter_max_length_on_error = -1; select '${needle}'::int`,
};

/** The same of a program that binds its values. */
const bound: Readonly<Record<string, string>> = {
  "a bound field of append": "select event_store.append($1, 'a', 7, '[1]')",
  "a bound event": `select event_store.append('a', 'a', -2, jsonb_build_array($1::text))`,
  "a bound argument of another type": "select event_store.append('a', 'a', $1, '[]')",
  "a bound key": "insert into projections.probe (id) select $1 from generate_series(1, 2)",
  "a bound value that fails a check": "insert into projections.probe (checked) values ($1)",
  "a slow bound statement": "select pg_sleep(1.1), $1::text",
};

t.test("no value of a statement gets into PostgreSQL's log", async (t) => {
  if (!needs(t, await postgresObstacle(stackModel(suite)))) return;
  const server = await postgresServer(stackModel(suite));
  t.teardown(server.remove);
  await server.start();
  const stage = stageOn(server);
  for (const action of await stage.plan()) await stage.apply(action);
  const user = await stage.session(server.postgres.user, "postgres.app");
  const second = await stage.session(server.postgres.user, "postgres.app");
  const superuser = await stage.session("postgres", "postgres.superuser");
  t.teardown(() => stage.close());
  await user(`create table projections.probe (id text primary key, checked text check (length(checked) < 3),
    needed text default '' not null, other text references projections.probe, short varchar(3))`);
  await superuser(`grant all on projections.probe to postgres`);
  const silent = async (t: Test, act: () => Promise<unknown>, what: string): Promise<void> => {
    await act().catch(() => {});
    const found = (await settled(server, superuser)).filter((line) => isTold(line));
    t.same(found, [], what);
  };

  await t.test("the search finds one that is put there", async (t) => {
    await superuser("set log_min_error_statement = error");
    await t.rejects(superuser(`select 1 / 0 as "${needle}"`));
    await superuser("reset log_min_error_statement");
    const [line, ...more] = (await settled(server, superuser)).filter(isTold);
    t.match(line, /STATEMENT: .*needle-7f3a/);
    t.same(more, []);
  });

  await t.test("of the services' role", async (t) => {
    for (const [what, text] of Object.entries(statements)) await silent(t, () => user(text), what);
    for (const [what, text] of Object.entries(bound)) await silent(t, () => user(text, [needle]), what);
    await t.rejects(user("set log_min_messages = debug5"), { code: "42501" }, "it can't have it otherwise");
    await t.rejects(user(`alter role ${server.postgres.user} set log_min_messages = error`), { code: "42501" });
  });

  await t.test("of those who wait for a lock, deadlocked ones among them", async (t) => {
    const lock = (query: Query, key: number) => query(`select pg_advisory_xact_lock(${key}), '${needle}'`);
    await user("begin");
    await second("begin");
    await lock(user, 1);
    await lock(second, 2);
    const both = () => Promise.allSettled([lock(user, 2), lock(second, 1)]);
    await silent(t, both, "a deadlock");
    await user("rollback");
    await second("rollback");
  });

  await t.test("of the superuser, but for what an error's message itself quotes", async (t) => {
    const quoting = /another type|that is none|JSON|with a fault|its own|printed|told with/;
    const own = Object.entries(statements).filter(([what]) => !quoting.test(what));
    t.ok(own.length > 10);
    for (const [what, text] of own) await silent(t, () => superuser(text), what);
  });

  await t.test("of a session that is ended, or killed, in its statement", async (t) => {
    const [row] = await second("select pg_backend_pid() as pid");
    const pid = Number(row?.pid);
    const sleeping = second(`select pg_sleep(600), '${needle}'`).catch(() => {});
    await waitFor(
      async () => (await superuser(`select 1 from pg_stat_activity where wait_event = 'PgSleep'`)).length > 0,
      {
        what: "the statement to run",
        timeout: 60_000,
      },
    );
    process.kill(pid, "SIGKILL");
    await sleeping;
    await waitFor(async () => /was terminated by signal 9/.test(await server.log()), {
      what: "the server to tell of it",
      timeout: 60_000,
    });
    // PostgreSQL 15 that is told to stop while it recovers may never end.
    await server.ready();
    t.same((await server.log()).split("\n").filter(isTold).slice(1), [], "beside the one that was put there");
  });
});

/** A tree has its constants as numbers, a byte each. */
function isTold(line: string): boolean {
  return line.includes(needle) || line.includes([...Buffer.from(needle)].join(" "));
}

let read = 0;

/** The lines since the last look, once the server has written what it was to write. */
async function settled(server: PostgresServer, superuser: Query): Promise<string[]> {
  const mark = `mark-${read}`;
  await superuser(`do $$ begin raise log '${mark}'; end $$`).catch(() => {});
  let text = "";
  await waitFor(
    async () => {
      text = await server.log();
      return text.slice(read).includes(mark);
    },
    { what: "the log's mark", timeout: 60_000 },
  );
  const lines = text.slice(read).split("\n");
  read = text.length;
  return lines;
}
