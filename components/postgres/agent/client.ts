import { Socket } from "node:net";
import type { Client } from "pg";
import { memberTls } from "../../../engine/cluster/member-tls.ts";
import { verifiedTls } from "../../../engine/verified-tls.ts";
import { abortable } from "../../../lib/abortable.ts";
import type { Deadline } from "../../../lib/within-deadline.ts";
import { addressesText } from "../../../stack/components/external.ts";
import type { PostgresServers } from "../../../stack/components/postgres/model.ts";
import { loopback } from "../../../stack/loopback.ts";
import { openWritable } from "./open-writable.ts";

export interface PostgresLogin {
  /** Default: loopback. */
  readonly host?: string;
  readonly port: number;
  /** Several servers, in the place of host and port: the one that takes writes. */
  readonly servers?: PostgresServers | undefined;
  readonly database: string;
  readonly user: string;
  readonly password: string;
  /** Statements hold passwords' verifiers: the server tells of none. A superuser's session only. */
  readonly unlogged?: true;
  /** What it is for, as pg_stat_activity shows it behind `stack-agent`. */
  readonly purpose?: string;
  /** Milliseconds after which the server ends a statement. Default: the server's own. */
  readonly statementTimeout?: number;
}

/**
 * Settings of a session whose statements the server must not repeat: not in the log when one
 * fails or is slow, not in pg_stat_activity, and not in the log when its process is killed.
 */
export const unloggedSession =
  "-c log_statement=none -c log_min_error_statement=panic -c log_min_duration_statement=-1 -c track_activities=off";

/** A connection to the server, by scram. */
export interface PostgresConnection {
  readonly client: Client;
  /** True once the line is broken: open another. */
  broken(): boolean;
  /** Ends it at once, without a word to the server. */
  drop(): void;
  /** Says goodbye first. */
  close(): Promise<void>;
}

/**
 * Opens a connection. The driver is loaded here and not before: it is slow to load.
 *
 * @throws pg's DatabaseError (28P01 wrong password, 57P03 starting up), the socket's error, the signal's reason;
 *   of several servers also TLS's errors, and StackError `read-only` where none of them takes writes
 */
export function openPostgres({ servers, ...login }: PostgresLogin, signal: AbortSignal): Promise<PostgresConnection> {
  if (servers === undefined) return openOne(login, signal);
  const { ca, cluster } = servers;
  return openWritable(servers, signal, async ({ host, port }, limited) => {
    if (ca === undefined) return openOne({ ...login, host, port }, limited);
    const ssl = cluster === undefined ? await verifiedTls(host, ca) : await memberTls(cluster, host);
    return openOne({ ...login, host, port, ssl }, limited);
  });
}

async function openOne(
  { unlogged, purpose, statementTimeout, ...login }: Omit<PostgresLogin, "servers"> & { readonly ssl?: object },
  signal: AbortSignal,
): Promise<PostgresConnection> {
  const { default: pg } = await import("pg");
  const socket = new Socket();
  let broken = false;
  const client = new pg.Client({
    host: loopback,
    ...login,
    application_name: ["stack-agent", purpose ?? []].flat().join(" "),
    ...(statementTimeout === undefined ? {} : { statement_timeout: statementTimeout }),
    // Above what ALTER DATABASE or ALTER ROLE set: no function of a role's own is called in a system one's place.
    options: `-c search_path=pg_catalog,pg_temp ${unlogged === true ? unloggedSession : ""}`,
    stream: () => socket,
  });
  const note = (): void => {
    broken = true;
  };
  // Between two queries this event is the only news of a broken line; unheard it would end the process.
  client.on("error", note);
  client.on("end", note);
  const drop = (): void => {
    broken = true;
    socket.destroy();
  };
  try {
    await abortable(client.connect(), signal, drop);
  } catch (error) {
    drop();
    throw error;
  }
  return {
    client,
    broken: () => broken,
    drop,
    close: async () => {
      if (broken) drop();
      else await client.end().catch(drop);
    },
  };
}

/** Opens a connection for one use and closes it, whatever happens. */
export async function withPostgres<T>(
  login: PostgresLogin,
  signal: AbortSignal,
  use: (client: Client) => Promise<T>,
): Promise<T> {
  const connection = await openPostgres(login, signal);
  try {
    return await abortable(use(connection.client), signal, connection.drop);
  } finally {
    await connection.close();
  }
}

/** Of a use of the server, milliseconds. */
export function postgresDeadline(port: number, timeout: number, servers?: PostgresServers): Deadline {
  if (servers !== undefined) {
    return { who: `PostgreSQL on ${addressesText(servers)}`, timeout, hint: "stack-agent health postgres" };
  }
  return {
    who: `PostgreSQL on port ${port}`,
    timeout,
    hint: "systemctl status 'postgresql@*'; journalctl -b -t postgresql",
  };
}

/** PostgreSQL's SQLSTATE or the system's error code (ECONNREFUSED), undefined for anything else. */
export function postgresCode(error: unknown): string | undefined {
  if (error instanceof AggregateError) return postgresCode(error.errors[0]);
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
}
