import type { Outcome } from "../../../../engine/check.ts";
import { type ClusterNode, slotCount } from "../cluster-nodes.ts";
import { type Seat, seatName } from "./seats.ts";

type Judgement = Pick<Outcome, "status" | "code" | "message">;

/** What the cluster is as one of its nodes sees it: slots and seats, not the node itself. */
export function judgeCluster(nodes: readonly ClusterNode[], seats: readonly Seat[]): Judgement {
  const served = slotsServed(nodes);
  if (served < slotCount) {
    return { status: "fail", code: "cluster-down", message: `${served} of ${slotCount} slots are served` };
  }
  const masters = nodes.filter(({ slots }) => slots.length > 0);
  const reached = masters.filter(({ failing }) => !failing);
  if (reached.length * 2 <= masters.length) {
    const message = `${reached.length} of ${masters.length} masters can be reached: no majority, and no write`;
    return { status: "fail", code: "cluster-down", message };
  }
  const away = seats.filter((seat) => !isThere(nodes, seat));
  if (away.length > 0) {
    const names = away.map((seat) => `${seat.machine} (${seatName(seat)})`).join(", ");
    return { status: "warn", code: "degraded", message: `${names} can't be reached; all slots are served` };
  }
  const alone = nodes.filter(({ id, slots }) => slots.length > 0 && !nodes.some(({ master }) => master === id));
  if (alone.length > 0) {
    const names = alone.map((node) => seatName(node)).join(", ");
    return { status: "warn", code: "no-replica", message: `${names}: the only one with its slots` };
  }
  const placed = seats.filter((seat) => nodes.some((node) => isIn(node, seat) && node.slots.length > 0));
  const twice = placed.find((seat, at) => placed.some((other, place) => place < at && other.index === seat.index));
  if (twice !== undefined) {
    const message = `${twice.machine} has two masters: were it lost now, no other could take over`;
    return { status: "warn", code: "unbalanced", message };
  }
  return { status: "pass", code: "ok" };
}

export function slotsServed(nodes: readonly ClusterNode[]): number {
  // One that is only suspected serves until the others agree.
  return nodes
    .filter(({ lost }) => !lost)
    .flatMap(({ slots }) => slots)
    .reduce((sum, [first, last]) => sum + last - first + 1, 0);
}

export function isThere(nodes: readonly ClusterNode[], seat: Seat): boolean {
  return nodes.some((node) => isIn(node, seat) && !node.failing && !node.handshake);
}

function isIn(node: ClusterNode, seat: Seat): boolean {
  return seatName(node) === seatName(seat) && !node.noaddr;
}
