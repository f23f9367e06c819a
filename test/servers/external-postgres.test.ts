import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import t, { type Test } from "tap";
import { postgresCheck } from "../../components/postgres/agent/check.ts";
import { openPostgres, withPostgres } from "../../components/postgres/agent/client.ts";
import { inspectExternalServer } from "../../components/postgres/agent/inspect-external.ts";
import { migrate } from "../../components/postgres/agent/migrate.ts";
import { planExternal } from "../../components/postgres/agent/plan-external.ts";
import { preflightExternal } from "../../components/postgres/agent/preflight-external.ts";
import { sql } from "../../components/postgres/agent/sql.ts";
import { asSealed } from "../../engine/secrets/sealed.ts";
import type { StackWith } from "../../engine/stack-with.ts";
import { StackError } from "../../lib/error.ts";
import { run } from "../../lib/run.ts";
import { budget } from "../../stack/budget.ts";
import { parseDefinition } from "../../stack/definition/parse.ts";
import type { Model } from "../../stack/model.ts";
import { renderFile } from "../../stack/render/render-file.ts";
import { resolve } from "../../stack/resolve.ts";
import { needs } from "../container/needs.ts";
import { stackModel } from "../stack/stack-model.ts";
import { certificates } from "./certificates.ts";
import { freePort } from "./free-port.ts";
import { type PostgresServer, postgresObstacle, postgresServer } from "./postgres-server.ts";
import { stageIo } from "./stage-io.ts";
import { suite } from "./suite.ts";

const signal = new AbortController().signal;

/** Nobody's server listens at the first address. */
async function externalModel(server: PostgresServer, folder: string, ca?: string): Promise<StackWith<"postgres">> {
  const nobody = await freePort();
  const tls = ca === undefined ? "tls: false" : `ca: ${ca}`;
  const addresses = `[ "127.0.0.1:${nobody}", "localhost:${server.postgres.port}" ]`;
  const definition = parseDefinition(
    `name: shop\nversion: 1.0.0\npostgres:\n  external: { addresses: ${addresses}, admin: shop_admin, ${tls} }\nservices:\n  a: { port: 8001 }\n`,
    "stack.yaml",
  );
  const model = resolve(definition) as StackWith<"postgres">;
  const migrations = model.postgres.migrations.map((one) => ({ ...one, path: join(folder, `${one.name}.sql`) }));
  await Promise.all(
    model.postgres.migrations.map(async ({ path }, index) =>
      writeFile(migrations[index]?.path ?? "", await rendered(model, path)),
    ),
  );
  return { ...model, postgres: { ...model.postgres, migrations } };
}

async function rendered(model: Model, path: string): Promise<string> {
  const entry = model.files.find((file) => file.path === path);
  if (entry?.template === undefined) throw new TypeError(`${path} is not in the table of files`);
  const text = await readFile(entry.template, "utf8");
  return renderFile(entry, model, { templates: () => text, budget: budget(model, 4096) });
}

/** The agent's stage with passwords that somebody gave. */
function externalStage({ postgres }: StackWith<"postgres">, given: Map<string, string>) {
  const secret = async (name: string): Promise<string> => {
    const value = given.get(name);
    if (value === undefined) throw new StackError("secret-missing", `the secret ${name} is not given`);
    return value;
  };
  const io = stageIo(secret);
  const facts = async () => ({
    component: {
      files: await Promise.all(
        postgres.migrations.map(async ({ path }) => ({
          entry: { path, component: "postgres", kind: "file", mode: 0o644, owner: "root:root", when: "build" } as const,
          text: asSealed(await readFile(path, "utf8")),
          differs: [],
        })),
      ),
      specs: [],
      units: new Map(),
    },
    server: await inspectExternalServer({ withSecret: async (name, use) => use(await secret(name)) }, postgres, signal),
  });
  return {
    plan: async () => planExternal(await facts(), postgres).actions,
    problems: async () => preflightExternal(await facts(), postgres).map(({ code, hint }) => `${code}: ${hint}`),
    async apply(): Promise<void> {
      for (const action of planExternal(await facts(), postgres).actions) {
        if (action.do === "sql") await sql.apply(action.args, io);
        else if (action.do === "migrate") await migrate.apply(action.args, io);
        else throw new TypeError(`${action.do} was not expected here`);
      }
    },
  };
}

const passwords = new Map([
  ["postgres_admin_password", "the admin's own, with ' and $1 in it".replaceAll(" ", "_")],
  ["postgres_password", "of-the-services!"],
  ["postgres_agent_password", "of-the-agent?"],
]);

function asSuperuser({ postgres, password }: PostgresServer) {
  return async (text: string, database = "postgres") =>
    withPostgres({ port: postgres.port, database, user: "postgres", password }, signal, async (client) => {
      for (const one of text.split(";").filter((part) => part.trim() !== "")) await client.query(one);
    });
}

const quoted = (name: string) => `'${(passwords.get(name) ?? "").replaceAll("'", "''")}'`;

async function begin(t: Test) {
  const server = await postgresServer(stackModel(suite));
  t.teardown(server.remove);
  const folder = await mkdtemp("/tmp/stack-external-");
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  await chmod(folder, 0o755);
  await server.start();
  const superuser = asSuperuser(server);
  await superuser(`create role shop_admin login password ${quoted("postgres_admin_password")}`);
  return { server, folder, superuser };
}

t.test("PostgreSQL of somebody else's", async (t) => {
  if (!needs(t, await postgresObstacle(stackModel(suite)))) return;
  const { server, folder, superuser } = await begin(t);
  const model = await externalModel(server, folder);
  const given = new Map([...passwords].slice(0, 1));
  const stage = externalStage(model, given);

  await t.test("preflight lists each right that is missing, with the statement that grants it", async (t) => {
    t.same(await stage.problems(), [
      "grant-missing: as a superuser there: CREATE DATABASE shop_event_store OWNER shop_admin ENCODING 'UTF8' TEMPLATE template0;",
      "grant-missing: as a superuser there: CREATE ROLE shop_owner NOLOGIN; GRANT shop_owner TO shop_admin; or, that it is made: ALTER ROLE shop_admin CREATEROLE;",
      "grant-missing: as a superuser there: CREATE ROLE shop_user LOGIN PASSWORD '…'; or, that it is made: ALTER ROLE shop_admin CREATEROLE;",
      "grant-missing: as a superuser there: CREATE ROLE shop_agent LOGIN PASSWORD '…'; or, that it is made: ALTER ROLE shop_admin CREATEROLE;",
    ]);
    await superuser("create database shop_event_store encoding 'UTF8' template template0");
    t.match((await stage.problems())[0], /: GRANT CREATE ON DATABASE shop_event_store TO shop_admin;$/);
  });

  await t.test(
    "with these statements and no more it makes the event store, by roles that it may not make",
    async (t) => {
      await superuser(
        `grant create on database shop_event_store to shop_admin;
       revoke all on database shop_event_store from public;
       create role shop_owner nologin; grant shop_owner to shop_admin;
       create role shop_user login password ${quoted("postgres_password")}; create role shop_agent login password 'another'`,
      );
      const refused: StackError = await stage.problems().catch((error) => error);
      t.match(refused.hint, /: GRANT CONNECT ON DATABASE shop_event_store TO shop_admin;$/);
      await superuser("grant connect on database shop_event_store to shop_admin");
      t.same(
        (await stage.problems()).map((line) => line.replace("grant-missing: as a superuser there: ", "")),
        [
          "GRANT TEMPORARY ON DATABASE shop_event_store TO shop_owner;",
          "GRANT CONNECT ON DATABASE shop_event_store TO shop_user;",
          "GRANT CONNECT ON DATABASE shop_event_store TO shop_agent;",
        ],
      );
      await superuser(`grant connect on database shop_event_store to shop_user, shop_agent;
      grant temporary on database shop_event_store to shop_owner`);
      t.match(await stage.problems(), [
        "secret-missing: stack-agent secrets set postgres_password",
        "secret-missing: stack-agent secrets set postgres_agent_password",
      ]);
      for (const [name, value] of passwords) given.set(name, value);
      t.match(await stage.problems(), [/^login-refused: stack-agent secrets set postgres_agent_password; or, /]);
      await superuser(`alter role shop_agent password ${quoted("postgres_agent_password")}`);
      t.same(await stage.problems(), []);
      t.match(await stage.plan(), [{ do: "migrate" }], "roles that are there stay as they are");
      await stage.apply();
      t.same(await stage.plan(), []);
      t.same(await stage.problems(), []);
    },
  );

  await t.test("the agent's check passes there, and services append, past an address where nobody is", async (t) => {
    const check = postgresCheck(model)({ model, secret: async (name) => given.get(name) });
    t.teardown(() => check.close());
    t.match(await check.run(AbortSignal.timeout(30_000)), { status: "pass", code: "ok" });
    const { servers, port, database, user } = model.postgres;
    const connection = await openPostgres(
      { servers, port, database, user, password: given.get("postgres_password") ?? "" },
      signal,
    );
    t.teardown(() => connection.close());
    const { rows } = await connection.client.query(
      `select event_store.append('a', 'b', -1, '[{"event_type": "C", "event_data": {}}]') as version`,
    );
    t.equal(rows.length, 1);
  });

  await t.test("a server that is lost is told, and back it is used again", async (t) => {
    const check = postgresCheck(model)({ model, secret: async (name) => given.get(name) });
    t.teardown(() => check.close());
    t.match(await check.run(AbortSignal.timeout(30_000)), { status: "pass" });
    await server.stop();
    t.match(await check.run(AbortSignal.timeout(30_000)), { status: "fail" });
    t.match(await stage.plan(), [], "nothing is done to what can't be seen");
    await server.start();
    t.match(await check.run(AbortSignal.timeout(30_000)), { status: "pass" });
  });

  await t.test("one that takes no writes is no server for it", async (t) => {
    await superuser("alter system set default_transaction_read_only = on; select pg_reload_conf()");
    const login = { ...model.postgres, user: "shop_admin", password: given.get("postgres_admin_password") ?? "" };
    await t.rejects(openPostgres(login, signal), { code: "ECONNREFUSED" }, "the one that isn't there may be the one");
    await superuser("alter system reset default_transaction_read_only; select pg_reload_conf()");
  });

  await t.test("a wrong password of the admin's is told with what helps", async (t) => {
    given.set("postgres_admin_password", "wrong");
    await t.rejects(stage.plan(), { code: "admin-refused", hint: /secrets set postgres_admin_password/ });
    given.delete("postgres_admin_password");
    await t.rejects(stage.plan(), { code: "secret-missing" });
  });
});

t.test("an admin that may makes database and roles too, over TLS", async (t) => {
  if (!needs(t, await postgresObstacle(stackModel(suite)))) return;
  const { server, folder, superuser } = await begin(t);
  const { ca, other } = await certified(folder, server.postgres.dataDirectory);
  await superuser("alter role shop_admin createrole createdb; alter system set ssl = on; select pg_reload_conf()");
  const model = await externalModel(server, folder, ca);
  const stage = externalStage(model, passwords);
  t.same(await stage.problems(), []);
  t.same(
    (await stage.plan()).map((action) => action.do),
    ["sql", "sql", "sql", "migrate"],
  );
  t.notMatch(JSON.stringify(await stage.plan()), /of-the-/, "no secret's value is in the plan");
  await stage.apply();
  await stage.apply();
  t.same(await stage.plan(), []);
  const { external, ...postgres } = model.postgres;
  if (external === undefined) throw new TypeError("it is external");
  const login = { port: postgres.port, database: postgres.database, user: postgres.user, password: "of-the-services!" };
  const [, address] = external.addresses;
  if (address === undefined) throw new TypeError("there are two");
  const at = (host: string, authorities: string) =>
    openPostgres({ ...login, servers: { addresses: [{ ...address, host }], ca: authorities } }, signal);
  const connection = await at("localhost", ca);
  const { rows } = await connection.client.query("select ssl from pg_stat_ssl where pid = pg_backend_pid()");
  await connection.close();
  t.same(rows, [{ ssl: true }]);
  await t.rejects(at("127.0.0.1", ca), { code: "ERR_TLS_CERT_ALTNAME_INVALID" }, "not by another name");
  await t.rejects(at("localhost", other), { code: /SELF_SIGNED|UNABLE_TO/ }, "not of another authority");
  await t.rejects(at("localhost", join(folder, "none.pem")), { code: "no-authorities" });
});

/** What a server of PostgreSQL's own user reads, in its data. */
async function certified(folder: string, data: string) {
  const { ca, other, key, certificate } = await certificates(folder, ["DNS:localhost"]);
  for (const [from, name] of [
    [key, "server.key"],
    [certificate, "server.crt"],
  ] as const) {
    const path = join(data, name);
    await writeFile(path, await readFile(from), { mode: 0o600 });
    if (process.getuid?.() === 0) await run("chown", ["postgres:", path]);
  }
  return { ca, other };
}
