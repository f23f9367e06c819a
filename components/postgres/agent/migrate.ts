import { readFile } from "node:fs/promises";
import type { Client } from "pg";
import type { Executors } from "../../../engine/action.ts";
import { messageOf, StackError } from "../../../lib/error.ts";
import { withinDeadline } from "../../../lib/within-deadline.ts";
import type { Migration } from "../../../stack/components/postgres/model.ts";
import { noWayBackOf } from "../../../stack/components/postgres/no-way-back.ts";
import { adminLogin } from "./admin-login.ts";
import { postgresDeadline, withPostgres } from "./client.ts";
import { migrationChecksum } from "./migration-checksum.ts";

/** Key of the advisory lock under which migrations are applied: one at a time, whoever starts it. */
const LOCK = 7_305_116_842;

/** Milliseconds for all of them: one may rewrite a table of years. */
const MIGRATE_TIMEOUT = 10 * 60_000;

/** Applies the migrations that are not applied yet, each in a transaction of its own. */
export const migrate: Executors["migrate"] = {
  lock: "postgres",
  describe: ({ database, migrations }) => `${database} to ${migrations.at(-1)?.name ?? "nothing"}`,
  async apply({ port, database, migrations, external }, io) {
    const texts = await Promise.all(migrations.map(({ path }) => readFile(path, "utf8")));
    const whole = migrations.map((migration, index) => ({ ...migration, text: texts[index] ?? "" }));
    const { unlogged: _, ...admin } = await adminLogin({ port, external }, io.secret);
    const login = { ...admin, database };
    await withinDeadline(postgresDeadline(port, MIGRATE_TIMEOUT, external?.servers), io.signal, (signal) =>
      withPostgres(login, signal, (client) => applyMigrations(client, whole)),
    );
  },
};

/**
 * @throws StackError `migration-changed` where an applied one's text is another now,
 *   `migration-failed` naming the one, whose transaction is rolled back
 */
export async function applyMigrations(
  client: Pick<Client, "query">,
  migrations: readonly (Migration & { readonly text: string })[],
): Promise<void> {
  await client.query(`select pg_advisory_lock(${LOCK})`);
  try {
    await client.query(`
      create schema if not exists stack_agent;
      create table if not exists stack_agent.migrations (
        version integer primary key, name text not null, checksum text not null,
        applied_at timestamptz not null default clock_timestamp());
      -- Whether a release that doesn't know it works with what it leaves.
      alter table stack_agent.migrations add column if not exists expands boolean not null default false`);
    const { rows } = await client.query<{ version: number; checksum: string }>(
      "select version, checksum from stack_agent.migrations",
    );
    for (const migration of migrations) {
      const checksum = migrationChecksum(migration.text);
      const applied = rows.find(({ version }) => version === migration.version);
      if (applied === undefined) await applyOne(client, migration, checksum);
      else if (applied.checksum !== checksum) throw changed(migration);
    }
  } finally {
    // A lost connection has given it back already.
    await client.query(`select pg_advisory_unlock(${LOCK})`).catch(() => {});
  }
}

async function applyOne(
  client: Pick<Client, "query">,
  migration: Migration & { readonly text: string },
  checksum: string,
): Promise<void> {
  await client.query("begin");
  try {
    await client.query(migration.text);
    // Migrations change the role for their own length only.
    await client.query("reset role");
    await client.query(
      "insert into stack_agent.migrations (version, name, checksum, expands) values ($1, $2, $3, $4)",
      [migration.version, migration.name, checksum, noWayBackOf(migration.text) === undefined],
    );
    await client.query("commit");
  } catch (error) {
    await client.query("rollback").catch(() => {});
    throw new StackError("migration-failed", `migration ${migration.name} failed: ${messageOf(error)}`, {
      hint: `nothing of it is kept; see ${migration.path}`,
      cause: error,
    });
  }
}

function changed({ name, path }: Migration): StackError {
  return new StackError("migration-changed", `migration ${name} is not the one that was applied`, {
    hint: `put ${path} back as it was, and make the change a new migration`,
  });
}
