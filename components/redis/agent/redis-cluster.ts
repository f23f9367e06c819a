import type { Executors } from "../../../engine/action.ts";
import { abortable } from "../../../lib/abortable.ts";
import { waitFor } from "../../../lib/wait.ts";
import { withinDeadline } from "../../../lib/within-deadline.ts";
import { loopback } from "../../../stack/loopback.ts";
import { openRedis, type RedisConnection } from "./client.ts";
import { lookAtNode } from "./look-at-node.ts";
import { type ClusterSteps, isWhole, planCluster } from "./plan-cluster.ts";

/** Milliseconds until all nodes must know each other; by loopback it is a few hundred. */
const FORM_TIMEOUT = 30_000;

/** Where one of them stands still and answers nothing at all. */
const deadline = {
  who: "Redis",
  timeout: 60_000,
  hint: "systemctl status 'redis-server@*'; journalctl -b -u 'redis-server@*'",
};

/**
 * Makes one cluster of the nodes, or mends it: looks, does what is missing, looks again.
 * Stopped in the middle it is carried on with. No node is ever reset.
 */
export const redisCluster: Executors["redisCluster"] = {
  lock: "redis",
  describe: ({ ports }) => `of the nodes on ${ports.join(", ")}`,
  async apply({ ports }, io) {
    const password = await io.secret("redis.auth");
    const nodes = new Map<number, RedisConnection>();
    const drop = (): void => {
      for (const node of nodes.values()) node.drop();
    };
    try {
      await withinDeadline(deadline, io.signal, async (signal) => {
        for (const port of ports) nodes.set(port, await openRedis(port, password, signal));
        await abortable(form(nodes, signal), signal, drop);
      });
    } finally {
      drop();
    }
  },
};

async function form(nodes: ReadonlyMap<number, RedisConnection>, signal: AbortSignal): Promise<void> {
  const met = new Set<string>();
  await waitFor(
    async () => {
      const views = await Promise.all([...nodes].map(([port, { client }]) => lookAtNode(client, port)));
      const steps = planCluster(views);
      if (isWhole(steps)) return true;
      await take(steps, nodes, met);
      return false;
    },
    { what: "the nodes to form one Redis Cluster", timeout: FORM_TIMEOUT, interval: 50, signal },
  );
}

/** Slots and epochs before meeting: nodes that know each other argue about both. */
async function take(steps: ClusterSteps, nodes: ReadonlyMap<number, RedisConnection>, met: Set<string>): Promise<void> {
  const call = async (port: number, ...args: readonly (string | number)[]): Promise<void> => {
    await nodes.get(port)?.client.call("CLUSTER", ...args.map(String));
  };
  for (const { port, id } of steps.forget) await call(port, "FORGET", id);
  for (const { port, epoch } of steps.epochs) await call(port, "SET-CONFIG-EPOCH", epoch);
  for (const { port, ranges } of steps.slots) await call(port, "ADDSLOTSRANGE", ...ranges.flat());
  for (const { port, other } of steps.meet) {
    // Once is enough; a second MEET while the first is answered only makes a second handshake.
    if (met.has(`${port} ${other}`)) continue;
    met.add(`${port} ${other}`);
    await call(port, "MEET", loopback, other);
  }
}
