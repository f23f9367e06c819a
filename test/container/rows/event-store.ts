import { randomUUID } from "node:crypto";
import type { Test } from "tap";
import { waitFor } from "../../../lib/wait.ts";
import { type Client, openClient } from "../client.ts";
import type { PgLogin } from "../client-ops.ts";
import type { Machine } from "../create-machine.ts";
import { proveEventStore, type Query } from "../event-store.ts";
import { postgresLogin, secret } from "../logins.ts";
import { required } from "../required.ts";
import { event, superuser } from "./postgres.ts";

const { port, database, user, binDirectory } = required.postgres;
const passwordFrom = (name: string): string => `PGPASSWORD=$(cat /var/lib/stack-agent/secrets/${name})`;

/** R13: the event store at work. */
export function eventStoreRows(t: Test, machine: Machine): void {
  const asUser = async (text: string, values?: readonly unknown[]) =>
    machine.inside().pg({ ...(await postgresLogin(machine)), text, ...(values && { values }), timeout: 30_000 });
  t.test("R13 the event store keeps its promises: append-only, versions, order, schemas, checkpoints", async (t) => {
    const [user, app] = [machine.inside(), await postgresLogin(machine)];
    // Its own process, so a session of its own.
    const other = openClient(`/proc/${machine.pid()}/ns/net`);
    t.teardown(() => other.close());
    const session =
      (client: Client, login: PgLogin): Query =>
      async (text, values = []) =>
        (await client.pg({ ...login, text, values, timeout: 30_000 })).rows;
    await proveEventStore(t, {
      user: session(user, app),
      second: session(other, app),
      agent: session(user, await agentLogin(machine)),
      superuser: session(user, await superuser(machine)),
    });
  });

  t.test("R13 with eight writers a reader by position misses nothing and sees no latecomer", async (t) => {
    const [start] = (await asUser("SELECT event_store.head() AS head")).rows;
    const script = `SELECT event_store.append('r13-many', gen_random_uuid()::text, -1, '${event("many")}');`;
    const bench = `printf '%s\\n' "${script.replaceAll('"', '\\"')}" >/run/append.sql && ${passwordFrom("postgres.app")} \\
      ${binDirectory}/pgbench -n -c 8 -j 2 -t 100 -f /run/append.sql -h 127.0.0.1 -p ${port} -U ${user} ${database}`;
    let ended = false;
    const writing = machine.sh(bench, { timeout: 120_000 }).finally(() => {
      ended = true;
    });
    const seen: string[] = [];
    let position = String(start?.head);
    // Once more after the writers' end: what they wrote last.
    for (let last = false; !last; ) {
      last = ended;
      const { rows } = await asUser("SELECT global_position, aggregate_type FROM event_store.read_all($1, 10000)", [
        position,
      ]);
      for (const row of rows) {
        position = String(row.global_position);
        if (row.aggregate_type === "r13-many") seen.push(position);
      }
    }
    await writing;
    const { rows } = await asUser(
      "SELECT global_position FROM event_store.events WHERE aggregate_type = 'r13-many' ORDER BY 1",
    );
    t.equal(rows.length, 800, "eight hundred were written");
    t.strictSame(
      seen,
      rows.map((row) => String(row.global_position)),
      "and read, in their order, while they were",
    );
  });

  t.test("R13 the view is refreshed beside its readers, by the agent's role alone", async (t) => {
    const agent = await agentLogin(machine);
    const kind = `refreshed-${randomUUID()}`;
    await asUser("SELECT * FROM event_store.append('r13', $1, -1, $2)", [randomUUID(), event(kind)]);
    const query = "SELECT events FROM projections.event_statistics WHERE event_type = $1";
    // A reader that holds its lock: a plain REFRESH would wait for it to end.
    await asUser("BEGIN");
    try {
      await asUser(query, [kind]);
      const text = "SELECT event_store.refresh_statistics() AS done";
      // The agent's own refresh may be running; then this one says false and is asked again.
      await waitFor(
        async () => (await machine.inside().pg({ ...agent, text, timeout: 10_000 })).rows[0]?.done === true,
        {
          what: "a refresh beside a reader",
          timeout: 30_000,
        },
      );
    } finally {
      await asUser("ROLLBACK");
    }
    t.strictSame((await asUser(query, [kind])).rows, [{ events: "1" }]);
  });

  t.test("R13 a dump restored elsewhere has every event at its position", async (t) => {
    const restored = "r13_restored";
    const digest =
      "SELECT count(*), max(global_position), md5(string_agg(e::text, '' ORDER BY global_position)) FROM event_store.events e";
    t.teardown(() => machine.sh(`cd / && runuser -u postgres -- dropdb --force --if-exists ${restored}`));
    await machine.sh(
      `cd / && runuser -u postgres -- sh -ec 'createdb ${restored} && pg_dump -Fc ${database} | pg_restore -d ${restored} --exit-on-error'`,
      { timeout: 120_000 },
    );
    const login = await superuser(machine);
    const ask = (where: string, text: string) => machine.inside().pg({ ...login, database: where, text });
    // The original may have grown by a health check's events, never below the dump's last position.
    const copy = (await ask(restored, digest)).rows[0];
    const original = (await ask(database, `${digest} WHERE global_position <= ${copy?.max}`)).rows[0];
    t.strictSame(copy, original);
    await t.rejects(ask(restored, "DELETE FROM event_store.events"), { code: "SE005" }, "and is as append-only");
  });
}

async function agentLogin(machine: Machine): Promise<PgLogin> {
  return { port, database, user: "stack_agent", password: await secret(machine, "postgres.agent") };
}

/** R13's schedule: an event appended when the tests began is in the view once the agent's job has run. */
export async function isInTheView(machine: Machine, aggregateType: string, timeout: number): Promise<void> {
  const login = await postgresLogin(machine);
  const text = "SELECT events FROM projections.event_statistics WHERE aggregate_type = $1";
  const look = async () => (await machine.inside().pg({ ...login, text, values: [aggregateType] })).rowCount === 1;
  await waitFor(look, { what: "the agent to refresh the view", timeout, interval: 500 });
}
