import type { Redis } from "ioredis";
import { memberTls } from "../../../engine/cluster/member-tls.ts";
import { ownNode } from "../../../engine/facts/own-node.ts";
import { abortable } from "../../../lib/abortable.ts";
import type { ClusterModel } from "../../../stack/components/cluster/model.ts";
import { loopback } from "../../../stack/loopback.ts";

export interface RedisConnection {
  readonly client: Redis;
  /** True once the line is broken: open another. */
  broken(): boolean;
  /** Ends it at once; commands still waiting are rejected. */
  drop(): void;
}

/**
 * Opens a connection to one node, with the password. It never reconnects by
 * itself: whoever uses it asks `broken()` and opens another. The driver is loaded here and
 * not before.
 *
 * @throws the first error of the line (ECONNREFUSED, WRONGPASS …), the signal's reason
 */
export function openRedis(
  port: number,
  password: string,
  signal: AbortSignal,
  { address: host = loopback, cluster }: OwnRedis = {},
): Promise<RedisConnection> {
  if (cluster !== undefined) return openMember(cluster, { host: ownNode(cluster).address, port, password }, signal);
  return openServer({ host, port, password }, signal);
}

/** Where this machine's own nodes are. */
export interface OwnRedis {
  /** Default: loopback. */
  readonly address?: string;
  /** On a machine of a cluster: at its address there, for members alone. */
  readonly cluster?: ClusterModel;
}

/** The same of a node on any machine of the cluster. @throws as `openRedis`; StackError `not-a-member` */
export async function openMember(
  cluster: ClusterModel,
  login: Omit<RedisLogin, "tls">,
  signal: AbortSignal,
): Promise<RedisConnection> {
  return openServer({ ...login, tls: await memberTls(cluster, login.host) }, signal);
}

export interface RedisLogin {
  readonly host: string;
  readonly port: number;
  readonly username?: string;
  /** None: no login. */
  readonly password?: string;
  readonly tls?: object;
}

/** The same of any server. @throws as `openRedis` */
export async function openServer(login: RedisLogin, signal: AbortSignal): Promise<RedisConnection> {
  const { Redis } = await import("ioredis");
  const client = new Redis({
    ...login,
    lazyConnect: true,
    retryStrategy: () => null,
    maxRetriesPerRequest: 0,
    enableOfflineQueue: false,
    // It would ask INFO first and wait while a node loads; a command says LOADING by itself.
    enableReadyCheck: false,
    disableClientInfo: true,
    connectionName: "stack-agent",
  });
  let first: Error | undefined;
  let broken = false;
  // A wrong password rejects connect() as "Connection is closed."; why is in this event only.
  client.on("error", (error: Error) => {
    first ??= error;
  });
  client.on("end", () => {
    broken = true;
  });
  const drop = (): void => {
    broken = true;
    client.disconnect();
  };
  try {
    await abortable(client.connect(), signal, drop);
  } catch (error) {
    drop();
    throw signal.aborted ? signal.reason : (first ?? error);
  }
  return { client, broken: () => broken, drop };
}

/** Opens a connection for one use and drops it, whatever happens. */
export async function withRedis<T>(
  port: number,
  password: string,
  signal: AbortSignal,
  use: (client: Redis) => Promise<T>,
  own?: OwnRedis,
): Promise<T> {
  const connection = await openRedis(port, password, signal, own);
  try {
    return await abortable(use(connection.client), signal, connection.drop);
  } finally {
    connection.drop();
  }
}

/** The first word of a server's error (WRONGPASS, LOADING …) or the system's code, undefined for anything else. */
export function redisCode(error: unknown): string | undefined {
  if (error instanceof AggregateError) return redisCode(error.errors[0]);
  if (!(error instanceof Error)) return undefined;
  if ("code" in error && typeof error.code === "string") return error.code;
  return /^([A-Z]{4,}) /.exec(error.message)?.[1];
}
