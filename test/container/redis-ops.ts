import { Cluster, Redis } from "ioredis";
import type { ClientOps, RedisLogin } from "./client-ops.ts";
import { withDeadline } from "./deadline.ts";

type Op<K extends keyof ClientOps> = (args: ClientOps[K]["args"]) => Promise<ClientOps[K]["result"]>;

/** Redis on the namespace's loopback; a client that failed, or has ended since, is replaced at the next command. */
export function redisOps(): { redis: Op<"redis">; redisCluster: Op<"redisCluster"> } {
  const nodes = new Map<string, Redis>();
  const clusters = new Map<string, Cluster>();

  const send = async <C extends Redis | Cluster>(
    open: Map<string, C>,
    key: string,
    make: () => C,
    [name = "PING", ...args]: readonly (string | number)[],
    timeout: number | undefined,
  ): Promise<unknown> => {
    const known = open.get(key);
    const client = known === undefined || known.status === "end" ? quiet(make()) : known;
    let broken: Error | undefined;
    const listen = (error: Error): void => {
      broken = error;
    };
    client.on("error", listen);
    open.set(key, client);
    const drop = (): void => {
      client.disconnect();
      if (open.get(key) === client) open.delete(key);
    };
    try {
      return await withDeadline(client.call(String(name), args), timeout, drop);
    } catch (error) {
      if (error instanceof Error && error.name === "ReplyError") throw error;
      drop();
      // The command only hears "Connection is closed."
      throw broken ?? error;
    } finally {
      client.off("error", listen);
    }
  };

  return {
    redis: ({ port, command, timeout, ...login }) =>
      send(nodes, `${port} ${login.password}`, () => new Redis(options(port, login, timeout)), command, timeout),
    redisCluster: ({ ports, command, timeout, ...login }) => {
      const key = `${ports.join()} ${login.password}`;
      const make = (): Cluster =>
        new Cluster(
          ports.map((port) => ({ host: "127.0.0.1", port })),
          { redisOptions: login, clusterRetryStrategy: () => null, slotsRefreshTimeout: timeout ?? 10_000 },
        );
      return send(clusters, key, make, command, timeout);
    },
  };
}

/** Errors between two commands, and of a client given up, must not end the process. */
function quiet<C extends Redis | Cluster>(client: C): C {
  client.on("error", () => {});
  return client;
}

function options(port: number, login: RedisLogin, timeout: number | undefined) {
  return {
    host: "127.0.0.1",
    port,
    ...login,
    connectTimeout: timeout ?? 10_000,
    retryStrategy: () => null,
    maxRetriesPerRequest: 0,
  };
}
