import { randomUUID } from "node:crypto";
import type { Test } from "tap";
import type { PgLogin } from "../client-ops.ts";
import type { Machine } from "../create-machine.ts";
import { postgresLogin, secret } from "../logins.ts";
import { required } from "../required.ts";

const { database, user, owner } = required.postgres;

/** R12: the database, its roles, and what the services' role may not do. */
export function postgresRows(t: Test, machine: Machine): void {
  const asUser = async (text: string, values?: readonly unknown[]) =>
    machine.inside().pg({ ...(await postgresLogin(machine)), text, ...(values && { values }) });
  const asSuperuser = async (text: string) => machine.inside().pg({ ...(await superuser(machine)), text });

  t.test("R12 the database and its roles are as asked for", async (t) => {
    const [base] = (
      await asSuperuser(`SELECT pg_get_userbyid(datdba) AS owner, pg_encoding_to_char(encoding) AS encoding,
        datcollate, datctype FROM pg_database WHERE datname = '${database}'`)
    ).rows;
    t.strictSame(base, { owner: user, encoding: "UTF8", datcollate: "en_US.UTF-8", datctype: "en_US.UTF-8" });
    const roles = await asSuperuser(`SELECT rolname, rolcanlogin, rolsuper, rolcreaterole, rolcreatedb, rolreplication,
      rolbypassrls, left(rolpassword, 14) AS password FROM pg_authid WHERE rolname IN ('${user}', '${owner}') ORDER BY 1`);
    const humble = {
      rolsuper: false,
      rolcreaterole: false,
      rolcreatedb: false,
      rolreplication: false,
      rolbypassrls: false,
    };
    t.strictSame(roles.rows, [
      { rolname: owner, rolcanlogin: false, ...humble, password: null },
      { rolname: user, rolcanlogin: true, ...humble, password: "SCRAM-SHA-256$" },
    ]);
    const memberships = await asSuperuser(`SELECT pg_get_userbyid(roleid) AS role FROM pg_auth_members
      WHERE member = '${user}'::regrole`);
    t.strictSame(memberships.rows, [], "the user is a member of no role");
    const owners = await asSuperuser(`SELECT DISTINCT pg_get_userbyid(o) AS owner FROM (
        SELECT nspowner FROM pg_namespace WHERE nspname IN ('event_store', 'projections')
        UNION ALL SELECT relowner FROM pg_class WHERE relnamespace IN ('event_store'::regnamespace, 'projections'::regnamespace)
        UNION ALL SELECT proowner FROM pg_proc WHERE pronamespace = 'event_store'::regnamespace) AS all_of_it(o)`);
    t.strictSame(owners.rows, [{ owner }], "schemas, tables, functions belong to the NOLOGIN role");
  });

  t.test("R12 it has its share of memory and a hundred connections", async (t) => {
    const shown = async (name: string) =>
      (
        await asUser(`SELECT setting::bigint * CASE unit WHEN '8kB' THEN 8192 ELSE 1 END AS value
      FROM pg_settings WHERE name = '${name}'`)
      ).rows[0]?.value;
    t.equal(Number(await shown("shared_buffers")), 2048 * 1024 * 1024, "a quarter of 8 GiB");
    t.ok(Number(await shown("max_connections")) > 100 + Number(await shown("superuser_reserved_connections")));
    const held = Number(
      (await asUser("SELECT count(*) AS held FROM pg_stat_activity WHERE usename = current_user")).rows[0]?.held,
    );
    const more = await machine
      .inside()
      .pgConnections({ ...(await postgresLogin(machine)), count: 100 - held, timeout: 30_000 });
    t.strictSame(more, { accepted: 100 - held, errors: [] }, `${held} were open; together they are a hundred`);
  });

  t.test("R12 a wrong password, and no password, are refused", async (t) => {
    const login = await postgresLogin(machine);
    await t.rejects(machine.inside().pg({ ...login, password: "wrong", text: "SELECT 1" }), { code: "28P01" });
    await t.rejects(machine.inside().pg({ ...login, user: owner, text: "SELECT 1" }), { code: "28P01" });
    const trusting = await asSuperuser(
      "SELECT type, auth_method FROM pg_hba_file_rules WHERE auth_method NOT IN ('scram-sha-256', 'peer', 'reject')",
    );
    t.strictSame(trusting.rows, [], "no rule trusts anybody");
  });

  t.test("R12 the user reads and appends, and can change, drop or switch off nothing", async (t) => {
    const id = randomUUID();
    await asUser("SELECT * FROM event_store.append('r12', $1, -1, $2)", [id, event("kept")]);
    const before = await asUser("SELECT * FROM event_store.events WHERE aggregate_id = $1", [id]);
    t.equal(before.rowCount, 1);
    for (const statement of [
      "UPDATE event_store.events SET event_type = 'changed'",
      "DELETE FROM event_store.events",
      "TRUNCATE event_store.events",
      "TRUNCATE event_store.events CASCADE",
      "DROP TABLE event_store.events",
      "DROP TABLE event_store.events CASCADE",
      "DROP SCHEMA event_store CASCADE",
      "ALTER SCHEMA event_store RENAME TO gone",
      "ALTER TABLE event_store.events DISABLE TRIGGER ALL",
      "ALTER TABLE event_store.events DISABLE TRIGGER USER",
      "ALTER TABLE event_store.events OWNER TO CURRENT_USER",
      "DROP TRIGGER append_only ON event_store.events",
      "DROP FUNCTION event_store.append",
      "CREATE OR REPLACE FUNCTION event_store.head() RETURNS bigint LANGUAGE sql AS 'SELECT 0::bigint'",
      "CREATE TABLE event_store.mine ()",
      "CREATE TRIGGER mine BEFORE INSERT ON event_store.events EXECUTE FUNCTION event_store.refuse_change()",
      `INSERT INTO event_store.events (event_id, event_type, aggregate_type, aggregate_id, event_version, event_data)
        VALUES (gen_random_uuid(), 'forged', 'r12', 'forged', 1, '{}')`,
      `SET ROLE ${owner}`,
      "SET session_replication_role = replica",
      `GRANT ${owner} TO CURRENT_USER`,
      "GRANT UPDATE ON event_store.events TO CURRENT_USER",
      "COPY event_store.events TO PROGRAM 'cat'",
      "SELECT event_store.refresh_statistics()",
      "REFRESH MATERIALIZED VIEW projections.event_statistics",
      "UPDATE event_store.snapshots SET event_version = 0",
      "DELETE FROM event_store.projections",
    ]) {
      // GRANT on what one may not grant is a warning in PostgreSQL: what counts is that nothing came of it.
      const outcome = await asUser(statement).then(
        () => "done",
        (error: { readonly code?: string }) => error.code,
      );
      const harmless = statement.startsWith("GRANT UPDATE");
      t.equal(outcome, harmless && outcome === "done" ? "done" : "42501", statement.replace(/\n.*/s, ""));
    }
    const may = await asUser(
      "SELECT has_table_privilege('event_store.events', 'INSERT, UPDATE, DELETE, TRUNCATE') AS may",
    );
    t.strictSame(may.rows, [{ may: false }]);
    const after = await asUser("SELECT * FROM event_store.events WHERE aggregate_id = $1", [id]);
    t.strictSame(after.rows, before.rows, "the event is as it was");
  });

  t.test("R12 not even the superuser changes an event by mistake", async (t) => {
    for (const statement of [
      "UPDATE event_store.events SET event_type = 'changed'",
      "DELETE FROM event_store.events",
      "TRUNCATE event_store.events CASCADE",
    ]) {
      await t.rejects(asSuperuser(statement), { code: "SE005" }, statement);
      await t.rejects(
        asSuperuser(`SET session_replication_role = replica; ${statement}`),
        { code: "SE005" },
        "nor with ordinary triggers off",
      );
    }
  });

  t.test("R12 the user makes schemas of its own for projections", async (t) => {
    await asUser("CREATE SCHEMA own_projections");
    await asUser("CREATE TABLE own_projections.prices (symbol text PRIMARY KEY, price numeric)");
    await asUser("INSERT INTO own_projections.prices VALUES ('ACME', 1.5)");
    await asUser("CREATE TABLE projections.own_prices AS SELECT * FROM own_projections.prices");
    t.strictSame((await asUser("SELECT * FROM projections.own_prices")).rows, [{ symbol: "ACME", price: "1.5" }]);
    await asUser("DROP TABLE projections.own_prices");
    await asUser("DROP SCHEMA own_projections CASCADE");
  });
}

export async function superuser(machine: Machine): Promise<PgLogin> {
  return {
    port: required.postgres.port,
    database,
    user: "postgres",
    password: await secret(machine, "postgres.superuser"),
  };
}

/** A batch of one event. */
export function event(type: string, more: Readonly<Record<string, unknown>> = {}): string {
  return JSON.stringify([{ event_type: type, event_data: {}, ...more }]);
}
