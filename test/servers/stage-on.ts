import { readFile } from "node:fs/promises";
import { openPostgres, type PostgresConnection } from "../../components/postgres/agent/client.ts";
import type { PostgresFacts } from "../../components/postgres/agent/facts.ts";
import { inspectServer } from "../../components/postgres/agent/inspect.ts";
import { migrate } from "../../components/postgres/agent/migrate.ts";
import { planPostgres } from "../../components/postgres/agent/plan.ts";
import { sql } from "../../components/postgres/agent/sql.ts";
import type { Action, Executors } from "../../engine/action.ts";
import type { FactReader } from "../../engine/facts/fact-reader.ts";
import { asSealed } from "../../engine/secrets/sealed.ts";
import { secretMatches } from "../../engine/secrets/secret-matches.ts";
import type { Query } from "../container/event-store.ts";
import type { PostgresServer } from "./postgres-server.ts";
import { stageIo } from "./stage-io.ts";

const signal = new AbortController().signal;

/** The agent's stage on a server of the test's own, and sessions there. */
export function stageOn(server: PostgresServer) {
  const { model, postgres } = server;
  const secret = async (name: string): Promise<string> =>
    name === "postgres.superuser" ? server.password : `value-of-${name}`;
  const io = stageIo(secret);
  const reader: Pick<FactReader, "withSecret" | "secretMatches"> = {
    withSecret: async (name, use) => use(await secret(name)),
    secretMatches: async (name, stored) => secretMatches(await secret(name), stored),
  };
  const facts = async (): Promise<PostgresFacts> => ({
    component: {
      files: await Promise.all(
        postgres.migrations.map(async ({ path }) => ({
          entry: {
            path,
            component: "postgres",
            kind: "file",
            mode: 0o644,
            owner: "root:root",
            when: "build",
          } as const,
          text: asSealed(await readFile(path, "utf8")),
          differs: [],
        })),
      ),
      specs: [],
      units: new Map(),
    },
    cluster: true,
    server: await inspectServer(reader, postgres, signal),
  });
  const connections: PostgresConnection[] = [];
  const session = async (user: string, name: string): Promise<Query> => {
    const login = { port: postgres.port, database: postgres.database, user, password: await secret(name) };
    const connection = await openPostgres(login, signal);
    connections.push(connection);
    return async (text, values = []) => (await connection.client.query(text, [...values])).rows;
  };
  return {
    io,
    secret,
    facts,
    session,
    async plan(): Promise<readonly Action[]> {
      return planPostgres(await facts(), model, postgres).actions;
    },
    async apply(action: Action): Promise<void> {
      const own: Pick<Executors, "sql" | "migrate"> = { sql, migrate };
      if (action.do === "sql") await own.sql.apply(action.args, io);
      else if (action.do === "migrate") await own.migrate.apply(action.args, io);
      else throw new TypeError(`${action.do} was not expected here`);
    },
    async superuser(text: string, values: readonly unknown[] = []) {
      const login = { port: postgres.port, user: "postgres", password: server.password };
      const connection = await openPostgres({ ...login, database: postgres.database }, signal);
      try {
        return (await connection.client.query(text, [...values])).rows;
      } finally {
        await connection.close();
      }
    },
    async close(): Promise<void> {
      await Promise.all(connections.map((connection) => connection.close()));
    },
  };
}
