import { type ClusterNode, type SlotRange, slotShares, subtractSlots } from "./cluster-nodes.ts";

/** What one node of ours says of itself and of the others. */
export interface NodeView {
  readonly port: number;
  /** Its own number in the cluster's order of changes; 0 while it was never in one. */
  readonly epoch: number;
  readonly nodes: readonly ClusterNode[];
}

/** What makes one cluster of the nodes, to be done in this order. Nothing in it loses a key. */
export interface ClusterSteps {
  /** A node that is gone for good: its port answers with another id now. */
  readonly forget: readonly { readonly port: number; readonly id: string }[];
  readonly epochs: readonly { readonly port: number; readonly epoch: number }[];
  readonly slots: readonly { readonly port: number; readonly ranges: readonly SlotRange[] }[];
  /** `port` is told of the node on `other`. */
  readonly meet: readonly { readonly port: number; readonly other: number }[];
}

/**
 * Compares what the nodes know with what they should. A node's own slots are what it says
 * itself; slots that nobody serves go to the node whose share they are in. Nodes on ports
 * that are not ours, added by hand, are left alone and keep their slots.
 */
export function planCluster(views: readonly NodeView[]): ClusterSteps {
  const ids = new Map(views.map((view) => [view.port, myself(view)?.id ?? ""]));
  const isGone = (node: ClusterNode): boolean =>
    !node.handshake && !node.myself && (node.noaddr || (ids.has(node.port) && ids.get(node.port) !== node.id));
  const served = views.flatMap((view) => [
    ...(myself(view)?.slots ?? []),
    ...view.nodes
      .filter((node) => !node.handshake && !node.noaddr && !ids.has(node.port))
      .flatMap(({ slots }) => slots),
  ]);
  const shares = slotShares(views.length);
  return {
    forget: views.flatMap((view) => view.nodes.filter(isGone).map(({ id }) => ({ port: view.port, id }))),
    epochs: views
      .map((view, index) => ({ view, epoch: index + 1 }))
      .filter(({ view }) => view.epoch === 0 && view.nodes.length === 1)
      .map(({ view, epoch }) => ({ port: view.port, epoch })),
    slots: views
      .map((view, index) => ({ port: view.port, ranges: subtractSlots(shares[index] ?? [0, -1], served) }))
      .filter(({ ranges }) => ranges.length > 0),
    meet: views.flatMap((view) =>
      views
        .filter((other) => other.port !== view.port && !knows(view, other.port, ids))
        .map((other) => ({ port: view.port, other: other.port })),
    ),
  };
}

/** Whether there is nothing to do. */
export function isWhole(steps: ClusterSteps): boolean {
  return Object.values(steps).every((list: readonly unknown[]) => list.length === 0);
}

/** What is to do, in words. */
export function describeSteps({ forget, slots, meet }: ClusterSteps): string {
  const count = slots.flatMap(({ ranges }) => ranges).reduce((sum, [first, last]) => sum + last - first + 1, 0);
  return [
    ...(forget.length > 0 ? ["a replaced node is still remembered"] : []),
    ...(count > 0 ? [`${count} slots are nobody's`] : []),
    ...(meet.length > 0 ? ["nodes don't know each other"] : []),
  ].join("; ");
}

function myself(view: NodeView): ClusterNode | undefined {
  return view.nodes.find((node) => node.myself);
}

function knows(view: NodeView, port: number, ids: ReadonlyMap<number, string>): boolean {
  return view.nodes.some((node) => node.id === ids.get(port) && !node.handshake);
}
