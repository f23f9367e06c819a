import type { ClusterModel } from "../../../../stack/components/cluster/model.ts";
import type { RedisModel } from "../../../../stack/components/redis/model.ts";

/**
 * A node's place in a Redis Cluster of three machines. The two copies of a shard are on the machine of its number and
 * on the next one, whichever of them is its master: no failover brings both to one machine.
 */
export interface Seat {
  /** The machine's name, and its place among the three. */
  readonly machine: string;
  readonly index: number;
  readonly address: string;
  readonly port: number;
  readonly shard: number;
  /** Whether it is the shard's master by default. */
  readonly isHome: boolean;
}

/** All six, machine by machine. */
export function seatsOf(cluster: ClusterModel, { nodes: ports }: Pick<RedisModel, "nodes">): readonly Seat[] {
  const { nodes } = cluster;
  return nodes.flatMap(({ name, index, address }) =>
    ports.map(({ port }, place) => ({
      ...{ machine: name, index, address, port },
      shard: (index - place + nodes.length) % nodes.length,
      isHome: place === 0,
    })),
  );
}

/** How a seat is called to people, and told apart: `10.1.1.121:6379`. */
export function seatName({ address, port }: Pick<Seat, "address" | "port">): string {
  return `${address}:${port}`;
}
