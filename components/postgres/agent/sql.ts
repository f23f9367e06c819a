import type { Executors } from "../../../engine/action.ts";
import { withinDeadline } from "../../../lib/within-deadline.ts";
import { adminLogin } from "./admin-login.ts";
import { postgresDeadline, withPostgres } from "./client.ts";

/** Milliseconds; the longest copies a template database. */
const SQL_TIMEOUT = 2 * 60_000;

/** Statements as the superuser, or as the role that stands for it, all or none where there are several. */
export const sql: Executors["sql"] = {
  lock: "postgres",
  describe: ({ database, text }) => `in ${database}: ${text.replace(/\s+/g, " ")}`,
  async apply({ port, database, text, external }, io) {
    const statements = await io.unseal(text);
    const login = { ...(await adminLogin({ port, external }, io.secret)), database };
    await withinDeadline(postgresDeadline(port, SQL_TIMEOUT, external?.servers), io.signal, (signal) =>
      withPostgres(login, signal, (client) => client.query(statements)),
    );
  },
};
