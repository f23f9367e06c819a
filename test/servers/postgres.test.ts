import t from "tap";
import { postgresCheck } from "../../components/postgres/agent/check.ts";
import { openPostgres } from "../../components/postgres/agent/client.ts";
import { migrate } from "../../components/postgres/agent/migrate.ts";
import { preflightPostgres } from "../../components/postgres/agent/plan.ts";
import { run } from "../../lib/run.ts";
import { waitFor } from "../../lib/wait.ts";
import { metrics } from "../../stack/components/postgres/metrics.ts";
import { reservedWords } from "../../stack/components/postgres/reserved-words.ts";
import { proveEventStore } from "../container/event-store.ts";
import { needs } from "../container/needs.ts";
import { stackModel } from "../stack/stack-model.ts";
import { postgresObstacle, postgresServer } from "./postgres-server.ts";
import { stageOn } from "./stage-on.ts";
import { suite } from "./suite.ts";

const signal = new AbortController().signal;

t.test("a real PostgreSQL", async (t) => {
  if (!needs(t, await postgresObstacle(stackModel(suite)))) return;
  const server = await postgresServer(stackModel(suite));
  t.teardown(server.remove);
  const { model, postgres } = server;
  await server.start();
  const stage = stageOn(server);

  await t.test("the stage brings an empty server to the whole event store, and then plans nothing", async (t) => {
    const first = await stage.plan();
    t.same(
      first.map((action) => action.do),
      ["sql", "sql", "sql", "migrate"],
    );
    t.notMatch(JSON.stringify(first), /value-of/, "no secret's value is in the plan");
    for (const action of first) await stage.apply(action);
    t.same(await stage.plan(), []);
  });

  await t.test("drift in roles and privileges is seen and put right", async (t) => {
    const drift = [
      `alter role ${postgres.user} superuser password 'other'`,
      `grant ${postgres.owner} to ${postgres.user}`,
      `alter role ${postgres.agentUser} nologin`,
    ];
    for (const text of drift) await stage.superuser(text);
    const actions = await stage.plan();
    t.match(actions, [{ do: "sql", why: /may do more/ }]);
    for (const action of actions) await stage.apply(action);
    t.same(await stage.plan(), []);
  });

  await t.test("a role that was dropped comes back with all that the migrations granted it", async (t) => {
    const held = async () => {
      const facts = await stage.facts();
      return typeof facts.server === "string" ? [] : [...facts.server.privileges].sort();
    };
    const before = await held();
    await stage.superuser(`drop owned by ${postgres.agentUser}`);
    await stage.superuser(`drop role ${postgres.agentUser}`);
    const actions = await stage.plan();
    t.same(
      actions.map((action) => action.do),
      ["sql", "sql", "sql"],
      "the role, the database, the event store",
    );
    for (const action of actions) await stage.apply(action);
    t.same(await stage.plan(), []);
    t.same(await held(), before);
  });

  await t.test("a changed migration is refused with a hint, whoever asks", async (t) => {
    const [applied] = await stage.superuser("select checksum from stack_agent.migrations where version = 3");
    await stage.superuser("update stack_agent.migrations set checksum = 'other' where version = 3");
    t.match(preflightPostgres(await stage.facts(), model, postgres), [{ code: "migration-changed", hint: /0003/ }]);
    const args = { port: postgres.port, database: postgres.database, migrations: postgres.migrations };
    await t.rejects(migrate.apply(args, stage.io), { code: "migration-changed" });
    await stage.superuser("update stack_agent.migrations set checksum = $1 where version = 3", [applied?.checksum]);
    t.same(preflightPostgres(await stage.facts(), model, postgres), []);
  });

  await t.test("the services' role can connect to no other database", async (t) => {
    const login = { port: postgres.port, user: postgres.user, password: "value-of-postgres.app" };
    await t.rejects(openPostgres({ ...login, database: "postgres" }, signal), { code: "28000" });
    await t.rejects(openPostgres({ ...login, database: "template1" }, signal), { code: "28000" });
  });

  await t.test("a word that the server's language keeps is no name in stack.yaml", async (t) => {
    const rows = await stage.superuser("select word from pg_get_keywords() where catcode in ('R', 'T')");
    t.ok(rows.length > 90);
    t.same(
      rows.map(({ word }) => String(word)).filter((word) => !reservedWords.has(word)),
      [],
    );
  });

  await t.test("a function that the services' role puts in a system one's place is never called", async (t) => {
    const login = { port: postgres.port, database: postgres.database };
    const user = await openPostgres({ ...login, user: postgres.user, password: "value-of-postgres.app" }, signal);
    for (const text of [
      "create schema trap",
      "create function trap.to_regclass(text) returns regclass language plpgsql as $$ begin create role intruder superuser; return null; end $$",
      `alter database ${postgres.database} set search_path = trap, pg_catalog`,
    ]) {
      await user.client.query(text);
    }
    t.same(await stage.plan(), []);
    t.same(await stage.superuser("select rolname from pg_roles where rolname = 'intruder'"), []);
    await user.client.query(`alter database ${postgres.database} reset search_path`);
    await user.client.query("drop schema trap cascade");
    await user.close();
  });

  await t.test("the event store", async (t) => {
    const user = await stage.session(postgres.user, "postgres.app");
    const second = await stage.session(postgres.user, "postgres.app");
    const agent = await stage.session(postgres.agentUser, "postgres.agent");
    const superuser = await stage.session("postgres", "postgres.superuser");
    t.teardown(() => stage.close());
    await proveEventStore(t, { user, second, agent, superuser });
  });

  await t.test("a dump restored elsewhere has every event at its position, and goes on from there", async (t) => {
    const restored = "restored";
    const env = { ...process.env, PGHOST: "127.0.0.1", PGPORT: `${postgres.port}`, PGUSER: "postgres" };
    const password = { ...env, PGPASSWORD: server.password };
    const dump = await run("pg_dump", [postgres.database], { env: password });
    await stage.superuser(`create database ${restored}`);
    await run("psql", ["--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", restored], {
      env: password,
      input: dump.stdout,
    });
    const all = "select global_position, event_id, event_version, created_at from event_store.read_all(0, 100000)";
    const copy = await openPostgres(
      { port: postgres.port, database: restored, user: "postgres", password: server.password },
      signal,
    );
    try {
      const events = await stage.superuser(all);
      t.ok(events.length > 100);
      t.same((await copy.client.query(all)).rows, events);
      const append = "select global_position from event_store.append('after', 'restore', -1, $1)";
      const { rows } = await copy.client.query(append, ['[{"event_type":"A","event_data":{}}]']);
      t.ok(
        Number(rows[0]?.global_position) > Number(events.at(-1)?.global_position),
        "the next position is a later one",
      );
      await t.rejects(copy.client.query("delete from event_store.events"), { code: "SE005" });
    } finally {
      await copy.close();
    }
  });

  await t.test("the health check passes, names a stopped server, and passes again by itself", async (t) => {
    const check = postgresCheck(model)({ model, secret: stage.secret });
    const look = () => check.run(AbortSignal.timeout(30_000));
    t.match(await look(), { status: "pass", code: "ok" });
    const told = async () => Object.keys((await look()).figures ?? {}).sort();
    const figures = await waitFor(async () => (await told()).length > 0 && told(), {
      what: "figures, which no look waits for",
      timeout: 60_000,
    });
    t.same(figures, metrics.map(({ name }) => name).sort());
    t.match((await look()).figures, { stack_postgres_event_position: Number, stack_postgres_wal_bytes: Number });
    await server.stop();
    t.match(await look(), { status: "fail" });
    t.match(await look(), { status: "fail", code: "refused", figures: undefined });
    await server.start();
    t.match(await look(), { status: "pass", code: "ok" });
    t.match(await check.run(AbortSignal.abort()), { status: "fail", code: "timeout" });
    await check.close();
    const clients = async () =>
      (await stage.superuser("select from pg_stat_activity where usename = $1", [postgres.agentUser])).length;
    // A server process ends after its client.
    await waitFor(async () => (await clients()) === 0, { what: "no client to be left behind", timeout: 60_000 });
  });
});
