import pg from "pg";
import { messageOf } from "../../lib/error.ts";
import type { ClientOps, PgLogin } from "./client-ops.ts";
import { withDeadline } from "./deadline.ts";

type Op<K extends keyof ClientOps> = (args: ClientOps[K]["args"]) => Promise<ClientOps[K]["result"]>;

/** PostgreSQL on the namespace's loopback; a broken connection is replaced at the next query. */
export function pgOps(): { pg: Op<"pg">; pgConnections: Op<"pgConnections"> } {
  const clients = new Map<string, Promise<pg.Client>>();

  const drop = (key: string): void => {
    const client = clients.get(key);
    clients.delete(key);
    client?.then((open) => open.end()).catch(() => {});
  };

  return {
    pg: async ({ text, values, timeout, ...login }) => {
      const key = JSON.stringify(login);
      const client = clients.get(key) ?? connect(login, timeout, () => clients.delete(key));
      clients.set(key, client);
      const query = client.then((open) => open.query<Record<string, unknown>>(text, values ? [...values] : []));
      try {
        const { rows, rowCount } = await withDeadline(query, timeout, () => drop(key));
        return { rows, rowCount };
      } catch (error) {
        // A refused statement leaves the connection usable; the server's last word doesn't, nor a broken line.
        if (!(error instanceof pg.DatabaseError) || error.severity === "FATAL") drop(key);
        throw error;
      }
    },
    pgConnections: async ({ count, timeout, ...login }) => {
      const attempts = await Promise.allSettled(Array.from({ length: count }, () => connect(login, timeout, () => {})));
      const opened = attempts.filter((attempt) => attempt.status === "fulfilled");
      const errors = attempts.filter((attempt) => attempt.status === "rejected");
      await Promise.all(opened.map((attempt) => attempt.value.end()));
      return { accepted: opened.length, errors: [...new Set(errors.map((attempt) => messageOf(attempt.reason)))] };
    },
  };
}

async function connect(login: PgLogin, timeout: number | undefined, onEnd: () => void): Promise<pg.Client> {
  const client = new pg.Client({ host: "127.0.0.1", port: 5432, connectionTimeoutMillis: timeout ?? 10_000, ...login });
  client.on("error", onEnd);
  client.on("end", onEnd);
  try {
    await client.connect();
  } catch (error) {
    onEnd();
    throw error;
  }
  return client;
}
