import { type ClusterNode, type SlotRange, slotShares, subtractSlots } from "../cluster-nodes.ts";
import { type Seat, seatName } from "./seats.ts";

/** What a node in its seat says of itself and of the others. */
export interface MemberView {
  readonly seat: Seat;
  /** 0 while it was never in a cluster. */
  readonly epoch: number;
  readonly nodes: readonly ClusterNode[];
}

/** What makes one cluster of the nodes, to be done in this order, each by the node in the seat. Nothing in it loses a key. */
export interface MemberSteps {
  /** A node that is gone for good: in its seat is another one now. */
  readonly forget: readonly { readonly seat: Seat; readonly id: string }[];
  readonly epochs: readonly { readonly seat: Seat; readonly epoch: number }[];
  readonly slots: readonly { readonly seat: Seat; readonly ranges: readonly SlotRange[] }[];
  readonly meet: readonly { readonly seat: Seat; readonly other: Seat }[];
  /** It becomes the replica of the node with this id. */
  readonly replicate: readonly { readonly seat: Seat; readonly master: string }[];
}

export const noSteps: MemberSteps = { forget: [], epochs: [], slots: [], meet: [], replicate: [] };

/** Whether some node serves slots, or has heard of one that does. */
export function isFormed(views: readonly MemberView[]): boolean {
  return views.some(({ nodes }) => nodes.some(({ slots }) => slots.length > 0));
}

/**
 * Compares what the nodes know with what they should. The first machine forms the cluster, once all six answer; in one
 * that is formed each machine sees to its own nodes, and the first to all. Which of a shard's two copies is its master
 * is the cluster's own affair. Slots that nobody serves are given out only where all six answer: who doesn't may have them.
 *
 * @param views of the nodes that answer
 * @param index of the machine that would do it
 */
export function planMembers(views: readonly MemberView[], seats: readonly Seat[], index: number): MemberSteps {
  const all = views.length === seats.length;
  if (!isFormed(views)) return all && index === 0 ? formAnew(views, seats) : noSteps;
  const mine = views.filter(({ seat }) => index === 0 || seat.index === index);
  const ids = idsOf(views);
  const fresh = views.filter(isFresh);
  return {
    forget: views.flatMap((view) => goneOf(view, ids, views, all).map(({ id }) => ({ seat: view.seat, id }))),
    // Two with one epoch settle that by themselves; a node that joins a cluster takes the cluster's.
    epochs: [],
    slots: all && index === 0 ? slotsOf(views, seats) : [],
    meet: mine.flatMap((view) => strangersTo(view, views, ids).map(({ seat }) => ({ seat: view.seat, other: seat }))),
    replicate: replicasOf(mine, fresh, views, seats),
  };
}

/** Whether there is nothing to do. */
export function isWhole(steps: MemberSteps): boolean {
  return Object.values(steps).every((list: readonly unknown[]) => list.length === 0);
}

/** What is to do, in words. */
export function describeSteps({ forget, slots, meet, replicate }: MemberSteps): string {
  const count = slots.flatMap(({ ranges }) => ranges).reduce((sum, [first, last]) => sum + last - first + 1, 0);
  return [
    ...(forget.length > 0 ? ["a replaced node is still remembered"] : []),
    ...(count > 0 ? [`${count} slots are nobody's`] : []),
    ...(meet.length > 0 ? ["nodes don't know each other"] : []),
    ...(replicate.length > 0 ? [`${replicate.map(({ seat }) => seatName(seat)).join(", ")}: nobody's replica`] : []),
  ].join("; ");
}

function formAnew(views: readonly MemberView[], seats: readonly Seat[]): MemberSteps {
  const ids = idsOf(views);
  return {
    ...noSteps,
    epochs: views
      .filter((view) => view.epoch === 0 && view.nodes.length === 1)
      .map(({ seat }) => ({ seat, epoch: seats.findIndex((one) => seatName(one) === seatName(seat)) + 1 })),
    slots: slotsOf(views, seats),
    meet: views.flatMap((view) => strangersTo(view, views, ids).map(({ seat: other }) => ({ seat: view.seat, other }))),
  };
}

function slotsOf(views: readonly MemberView[], seats: readonly Seat[]): MemberSteps["slots"] {
  const shares = slotShares(seats.filter(({ isHome }) => isHome).length);
  const served = views.flatMap((view) => [
    ...(myself(view)?.slots ?? []),
    ...view.nodes.filter(({ handshake }) => !handshake).flatMap(({ slots }) => slots),
  ]);
  return shares.flatMap((share, shard) => {
    const ranges = subtractSlots(share, served);
    const copies = views.filter(({ seat }) => seat.shard === shard);
    const master = copies.filter((view) => myself(view)?.master === undefined).find(({ seat }) => seat.isHome);
    const taker = master ?? copies.find((view) => myself(view)?.master === undefined);
    return ranges.length === 0 || taker === undefined ? [] : [{ seat: taker.seat, ranges }];
  });
}

/**
 * Nodes it remembers in whose seat another one is; where all six answer, those too that it knows no seat of. One that has slots is remembered until its replica has them: its
 * vote counts meanwhile. Where it has none left, its keys are gone.
 */
function goneOf(
  view: MemberView,
  ids: ReadonlyMap<string, string>,
  views: readonly MemberView[],
  all: boolean,
): ClusterNode[] {
  const present = new Set(ids.values());
  return view.nodes.filter((node) => {
    if (node.myself || node.handshake || present.has(node.id)) return false;
    if (!(all && node.noaddr) && !ids.has(seatName(node))) return false;
    const replicated = views.some((one) => one.nodes.some(({ myself, master }) => myself && master === node.id));
    return node.slots.length === 0 || !replicated;
  });
}

function strangersTo(
  view: MemberView,
  views: readonly MemberView[],
  ids: ReadonlyMap<string, string>,
): readonly MemberView[] {
  return views.filter(({ seat }) => {
    const id = ids.get(seatName(seat));
    return seat !== view.seat && !view.nodes.some((node) => node.id === id && !node.handshake);
  });
}

/** A master without slots is nobody's use: it becomes the replica of its shard's master, if it has heard of that one. */
function replicasOf(
  mine: readonly MemberView[],
  fresh: readonly MemberView[],
  views: readonly MemberView[],
  seats: readonly Seat[],
): MemberSteps["replicate"] {
  const idle = mine.filter((view) => !fresh.includes(view) && isIdle(view));
  return idle.flatMap((view) => {
    const { seat } = view;
    const other = seats.find((one) => one.shard === seat.shard && one.index !== seat.index);
    // By what it knows itself: it refuses a master that it has not heard of.
    const known = view.nodes.filter(({ slots, handshake, noaddr }) => slots.length > 0 && !handshake && !noaddr);
    const master = known.find((node) => other !== undefined && seatName(node) === seatName(other));
    if (master === undefined || !isServedBy(master, views)) return [];
    return [{ seat, master: master.id }];
  });
}

/** Not where who sits there is another one: it is a node that is gone. */
function isServedBy({ id, address, port }: ClusterNode, views: readonly MemberView[]): boolean {
  const there = views.find(({ seat }) => seatName(seat) === seatName({ address, port }));
  return there === undefined || myself(there)?.id === id;
}

/** It has met nobody yet, and has nothing. */
function isFresh(view: MemberView): boolean {
  return view.nodes.length === 1 && isIdle(view);
}

function isIdle(view: MemberView): boolean {
  const self = myself(view);
  return self !== undefined && self.master === undefined && self.slots.length === 0;
}

function idsOf(views: readonly MemberView[]): ReadonlyMap<string, string> {
  return new Map(views.map((view) => [seatName(view.seat), myself(view)?.id ?? ""]));
}

function myself(view: MemberView): ClusterNode | undefined {
  return view.nodes.find((node) => node.myself);
}
