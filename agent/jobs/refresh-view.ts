import { Socket } from "node:net";
import { StackError } from "../../lib/error.ts";
import type { PostgresModel } from "../../stack/model.ts";
import type { Job } from "./jobs.ts";

/** Called as the agent's role, which may do nothing else with the event store. */
const statement = "select event_store.refresh_statistics()";

const longest = 5 * 60_000;

/**
 * Refreshes the event statistics view. The connection lives for the one statement: once a
 * minute it is cheaper than one kept open.
 */
export function refreshView(postgres: PostgresModel): Job["run"] {
  return async (context, signal) => {
    const password = await context.secret("postgres.agent");
    if (password === undefined) {
      throw new StackError("secret-missing", "the secret postgres.agent can't be read", {
        hint: "stack-agent provision",
      });
    }
    const { default: pg } = await import("pg");
    const socket = new Socket();
    const client = new pg.Client({
      host: "127.0.0.1",
      port: postgres.port,
      database: postgres.database,
      user: postgres.agentUser,
      password,
      application_name: "stack-agent refresh-view",
      // As in clients/postgres.ts: above what ALTER DATABASE sets.
      options: "-c search_path=pg_catalog,pg_temp",
      statement_timeout: longest,
      connectionTimeoutMillis: 5000,
      stream: () => socket,
    });
    // A connection that breaks between two messages says so here only; the query rejects too.
    client.on("error", () => {});
    const abort = (): void => void socket.destroy();
    signal.addEventListener("abort", abort, { once: true });
    try {
      signal.throwIfAborted();
      await client.connect();
      await client.query(statement);
    } finally {
      signal.removeEventListener("abort", abort);
      if (signal.aborted) socket.destroy();
      else await client.end().catch(() => socket.destroy());
    }
  };
}
