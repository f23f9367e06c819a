import { withPostgres } from "../../clients/postgres.ts";
import type { Executors } from "../../engine/action.ts";

/** Statements as the superuser, all or none where there are several. */
export const sql: Executors["sql"] = {
  lock: "postgres",
  describe: ({ database, text }) => `in ${database}: ${text.replace(/\s+/g, " ")}`,
  async apply({ port, database, text }, io) {
    const password = await io.secret("postgres.superuser");
    const statements = await io.unseal(text);
    const login = { port, database, user: "postgres", password, unlogged: true } as const;
    await withPostgres(login, io.signal, (client) => client.query(statements));
  },
};
