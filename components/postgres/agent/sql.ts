import type { Executors } from "../../../engine/action.ts";
import { withinDeadline } from "../../../lib/within-deadline.ts";
import { postgresDeadline, withPostgres } from "./client.ts";

/** Milliseconds; the longest copies a template database. */
const SQL_TIMEOUT = 2 * 60_000;

/** Statements as the superuser, all or none where there are several. */
export const sql: Executors["sql"] = {
  lock: "postgres",
  describe: ({ database, text }) => `in ${database}: ${text.replace(/\s+/g, " ")}`,
  async apply({ port, database, text }, io) {
    const password = await io.secret("postgres.superuser");
    const statements = await io.unseal(text);
    const login = { port, database, user: "postgres", password, unlogged: true } as const;
    await withinDeadline(postgresDeadline(port, SQL_TIMEOUT), io.signal, (signal) =>
      withPostgres(login, signal, (client) => client.query(statements)),
    );
  },
};
