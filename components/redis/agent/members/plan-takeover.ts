import type { ClusterNode } from "../cluster-nodes.ts";
import { type Seat, seatName } from "./seats.ts";

/** A node of this machine, and what it knows. */
export interface OwnMember {
  readonly seat: Seat;
  readonly nodes: readonly ClusterNode[];
  /** Of a replica: its link to its master is up, and it is not loading or copying. */
  readonly inSync: boolean;
}

/**
 * The seat whose replica is to become a master, so that each machine has one: with two of three on one machine its loss
 * would leave no majority of masters to let a replica take over. Undefined where there is nothing to do, and while a node
 * is away or behind: it is not worth a write that waits.
 */
export function planTakeover(own: readonly OwnMember[], seats: readonly Seat[]): Seat | undefined {
  const [first] = own;
  if (first === undefined || own.some(({ inSync }) => !inSync)) return undefined;
  const nodes = seats.map((seat) => first.nodes.find((node) => seatName(node) === seatName(seat) && !node.noaddr));
  if (nodes.some((node) => node === undefined || node.failing || node.handshake)) return undefined;
  const machineOf = new Map(seats.map((seat, at) => [nodes[at]?.id, seat.index]));
  const masters = seats.filter((_, at) => nodes[at]?.master === undefined && (nodes[at]?.slots.length ?? 0) > 0);
  const on = (index: number | undefined): number => masters.filter((seat) => seat.index === index).length;
  if (on(first.seat.index) > 0) return undefined;
  const candidates = own.filter(({ nodes: known }) => {
    const master = known.find(({ myself }) => myself)?.master;
    return master !== undefined && on(machineOf.get(master)) > 1;
  });
  return (candidates.find(({ seat }) => seat.isHome) ?? candidates[0])?.seat;
}
