import type { Readable, Writable } from "node:stream";
import type { Redis } from "ioredis";
import type { HandoverOptions, Moved } from "../../../engine/agent-part.ts";
import { readRecords, writeEnd, writeRecord } from "../../../engine/records.ts";
import { StackError } from "../../../lib/error.ts";
import { loopback } from "../../../stack/loopback.ts";
import { redisCode, withRedis } from "./client.ts";

/*
 * Keys go by DUMP and RESTORE: a Redis takes what an older one has dumped. Meanwhile writes wait (CLIENT PAUSE), which is
 * in a node's memory alone. Which node a key is on in the other cluster is that one's affair.
 */

/** Milliseconds that writes wait at the most. */
const PAUSE = 7 * 24 * 3_600_000;
const BATCH = 500;

interface Key {
  readonly key: Buffer;
  readonly value: Buffer;
  /** Milliseconds since 1970; -1: it never expires. */
  readonly expires: number;
}

export async function send(options: HandoverOptions, output: Writable): Promise<Moved> {
  let keys = 0;
  await onEachNode(options, (client) => client.call("CLIENT", "PAUSE", `${PAUSE}`, "WRITE"));
  await onEachNode(options, async (client) => {
    const [role] = (await client.call("ROLE")) as [string];
    if (role !== "master") return;
    let cursor = "0";
    do {
      const [next, found] = (await client.callBuffer("SCAN", cursor, "COUNT", BATCH)) as [Buffer, Buffer[]];
      cursor = next.toString();
      const dumped = found.map(async (key): Promise<Key | undefined> => {
        const [value, expires] = await Promise.all([
          client.callBuffer("DUMP", key) as Promise<Buffer | null>,
          client.call("PEXPIRETIME", key) as Promise<number>,
        ]);
        // Gone by its time in between: -2.
        return value === null || expires === -2 ? undefined : { key, value, expires };
      });
      for (const key of await Promise.all(dumped)) {
        if (key === undefined) continue;
        keys += 1;
        await writeRecord(output, key);
      }
    } while (cursor !== "0");
  });
  await writeEnd(output, keys);
  return { keys };
}

export async function receive(options: HandoverOptions, input: Readable): Promise<Moved> {
  const { Cluster } = await import("ioredis");
  const { nodes } = modelOf(options);
  const password = await options.secret("redis.auth");
  const cluster = new Cluster(
    nodes.map(({ port }) => ({ host: loopback, port })),
    { redisOptions: { password }, enableAutoPipelining: true, clusterRetryStrategy: () => null },
  );
  let fault: unknown;
  cluster.on("error", (error) => {
    fault ??= error;
  });
  try {
    const under = new Set<Promise<unknown>>();
    let keys = 0;
    for await (const { key, value, expires } of readRecords<Key>(input)) {
      keys += 1;
      const words = [Math.max(0, expires), value, "REPLACE", "ABSTTL"];
      const restoring = cluster.call("RESTORE", [key, ...words]).finally(() => under.delete(restoring));
      restoring.catch(() => {});
      under.add(restoring);
      if (under.size >= BATCH) await Promise.all(under);
    }
    await Promise.all(under);
    return { keys };
  } catch (error) {
    if (error instanceof StackError) throw error;
    throw new StackError("keys-not-moved", `Redis does not take a key: ${redisCode(error) ?? String(fault ?? error)}`, {
      cause: error,
    });
  } finally {
    cluster.disconnect();
  }
}

export async function end(options: HandoverOptions): Promise<void> {
  await onEachNode(options, (client) => client.call("CLIENT", "UNPAUSE"));
}

async function onEachNode(options: HandoverOptions, act: (client: Redis) => Promise<unknown>): Promise<void> {
  const password = await options.secret("redis.auth");
  for (const { port } of modelOf(options).nodes) await withRedis(port, password, options.signal, act);
}

function modelOf({ model: { redis } }: HandoverOptions) {
  if (redis !== undefined) return redis;
  throw new StackError("no-component", "this stack has no Redis");
}
