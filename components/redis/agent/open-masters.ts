import { verifiedTls } from "../../../engine/verified-tls.ts";
import { abortable } from "../../../lib/abortable.ts";
import { StackError } from "../../../lib/error.ts";
import { firstOf } from "../../../lib/first-of.ts";
import { addressText, type ServerAddress } from "../../../stack/components/external.ts";
import type { ExternalRedis } from "../../../stack/components/redis/model.ts";
import { openServer, type RedisConnection } from "./client.ts";

/** Somebody else's servers that take writes, by their addresses. */
export type Masters = ReadonlyMap<string, RedisConnection>;

type Range = readonly [first: number, last: number, primary: readonly [host: string, port: number]];

const allSlots = 16_384;

/**
 * Opens a connection to every server that takes writes: to the only one, to the one that the Sentinels name, or to each
 * primary of a cluster.
 *
 * @throws what `openServer` throws; StackError `cluster-down`, `no-master`
 */
export async function openMasters(external: ExternalRedis, password: string, signal: AbortSignal): Promise<Masters> {
  const { addresses, mode, master, user: username, ca } = external;
  const open = async ({ host, port }: ServerAddress, limited: AbortSignal, login: object): Promise<RedisConnection> => {
    const tls = ca === undefined ? {} : { tls: await verifiedTls(host, ca) };
    return openServer({ host, port, ...login, ...tls }, limited);
  };
  const login = { username, password };
  const anyOf = (how: object): Promise<readonly [ServerAddress, RedisConnection]> =>
    firstOf(
      addresses,
      signal,
      async (address, limited) => [address, await open(address, limited, how)] as const,
      ([, connection]) => connection.drop(),
    );
  if (mode === "single") {
    const [address, connection] = await anyOf(login);
    return new Map([[addressText(address), connection]]);
  }
  // Sentinels are asked as nobody.
  const [, entry] = await anyOf(mode === "sentinel" ? {} : login);
  const opened = new Map<string, RedisConnection>();
  try {
    const ask = (command: string, ...args: string[]) =>
      abortable(entry.client.call(command, ...args), signal, entry.drop);
    const found =
      mode === "sentinel"
        ? [masterOf(await ask("SENTINEL", "get-master-addr-by-name", master), master)]
        : primariesOf((await ask("CLUSTER", "SLOTS")) as readonly Range[]);
    await Promise.all(
      found.map(async (address) => opened.set(addressText(address), await open(address, signal, login))),
    );
    return opened;
  } catch (error) {
    for (const connection of opened.values()) connection.drop();
    throw error;
  } finally {
    entry.drop();
  }
}

function masterOf(answer: unknown, master: string): ServerAddress {
  if (!Array.isArray(answer)) {
    throw new StackError("no-master", `the Sentinels know no master called ${master}`, {
      hint: "redis.external.master in stack.yaml is the name in `sentinel monitor NAME …`",
    });
  }
  return { host: String(answer[0]), port: Number(answer[1]) };
}

function primariesOf(ranges: readonly Range[]): ServerAddress[] {
  const served = ranges.reduce((sum, [first, last]) => sum + last - first + 1, 0);
  if (served !== allSlots) throw new StackError("cluster-down", `${served} of ${allSlots} slots are served`);
  const each = new Map(ranges.map(([, , [host, port]]) => [`${host} ${port}`, { host, port }]));
  return [...each.values()];
}
