import type { Executors } from "../../../engine/action.ts";
import { withinDeadline } from "../../../lib/within-deadline.ts";
import { adminLogin } from "./admin-login.ts";
import { postgresCode, postgresDeadline, withPostgres } from "./client.ts";

/** Milliseconds; the longest copies a template database. */
const SQL_TIMEOUT = 2 * 60_000;

/** Key of the advisory lock under which machines of a cluster make the same. */
const LOCK = 7_305_116_843;

/** SQLSTATEs of what is there already: another machine has made it since this one looked. */
const made = ["42710", "42P04"];

/** Statements as the superuser, or as the role that stands for it, all or none where there are several. */
export const sql: Executors["sql"] = {
  lock: "postgres",
  describe: ({ database, text }) => `in ${database}: ${text.replace(/\s+/g, " ")}`,
  async apply({ port, database, text, external }, io) {
    const statements = await io.unseal(text);
    const login = { ...(await adminLogin({ port, external }, io.secret)), database };
    await withinDeadline(postgresDeadline(port, SQL_TIMEOUT, external?.servers), io.signal, (signal) =>
      withPostgres(login, signal, async (client) => {
        if (external?.superuser !== true) return void (await client.query(statements));
        // Given back with the session.
        await client.query(`select pg_advisory_lock(${LOCK})`);
        await client.query(statements).catch((error: unknown) => {
          if (!made.includes(postgresCode(error) ?? "")) throw error;
        });
      }),
    );
  },
};
