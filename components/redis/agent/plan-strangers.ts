import type { Action } from "../../../engine/action.ts";
import { planMend } from "../../../engine/plan/plan-mend.ts";
import type { RedisModel } from "../../../stack/components/redis/model.ts";
import { type SlotRange, slotShares, subtractSlots } from "./cluster-nodes.ts";
import type { NodeView } from "./plan-cluster.ts";

/**
 * Nodes that say they are one and the same: all but one have another's `nodes.conf`, of a copy or
 * a restored file. The one whose slots lie in its own share is who it says it is.
 */
export function planStrangers(views: readonly NodeView[], { nodes }: Pick<RedisModel, "nodes">): Action[] {
  const shares = slotShares(nodes.length);
  const own = views.map((view) => {
    const index = nodes.findIndex(({ port }) => port === view.port);
    const self = view.nodes.find(({ myself }) => myself);
    return { node: nodes[index], id: self?.id, missing: missingOf(shares[index] ?? [0, -1], self?.slots ?? []) };
  });
  return own.flatMap(({ node, id }, index) => {
    const twins = own.filter((other) => other.id === id);
    const rightful = twins.reduce((a, b) => (b.missing < a.missing ? b : a));
    if (node === undefined || id === undefined || twins.length === 1 || rightful === own[index]) return [];
    const why = `${node.unit} and ${rightful.node?.unit} say they are the same node`;
    const lost = "nothing: it named another node";
    return planMend({ unit: node.unit, active: "active" }, [
      { do: "setAside", why, args: { path: `${node.dataDirectory}/nodes.conf`, lost } },
    ]);
  });
}

/** How many slots of the share are not among these. */
function missingOf(share: SlotRange, slots: readonly SlotRange[]): number {
  return subtractSlots(share, slots).reduce((sum, [first, last]) => sum + last - first + 1, 0);
}
