import type { ClusterModel, ClusterNode } from "../../../../stack/components/cluster/model.ts";
import { brokerName } from "../../../../stack/components/rabbitmq/model.ts";
import type { Member } from "./inspect-member.ts";

/** What a broker that is in no cluster is to do. */
export type Join =
  | {
      /** The broker that it joins. */
      readonly broker: string;
      /** That one's cluster still remembers it, from before it lost its data. */
      readonly remembered: boolean;
    }
  /** Names of machines that have to come, or to do something, first. */
  | { readonly waitsFor: readonly string[] }
  /** It holds what joining would take. */
  | { readonly holds: readonly string[] };

/**
 * The first machine's broker is the one that the others join, one after the other; where two are a cluster already, its
 * machine having lost its data or been replaced, it joins them as any other.
 */
export function planJoin(
  { peers, queues }: Pick<Member, "peers" | "queues">,
  place: ClusterNode,
  cluster: ClusterModel,
): Join {
  const own = brokerName(place.address);
  const others = cluster.nodes.filter(({ index }) => index !== place.index);
  const formed = others.find(({ name }) =>
    peers.get(name)?.members.some((one) => one !== brokerName(addressOf(name, cluster))),
  );
  const first = cluster.nodes[0];
  const target = formed ?? (place.index === 0 ? undefined : others.find(({ index }) => index === 0));
  const view = target && peers.get(target.name);
  if (target === undefined || view === undefined) {
    const missing = place.index === 0 ? others : others.filter(({ name }) => name === first?.name);
    return { waitsFor: missing.map(({ name }) => name) };
  }
  if (queues.length > 0) return { holds: queues.map(({ name }) => name) };
  const remembered = view.members.includes(own);
  // Two that join at once may each undo the other's.
  const before = others.filter(
    ({ name, address, index }) =>
      index < place.index &&
      name !== target.name &&
      peers.get(name) !== undefined &&
      !view.members.includes(brokerName(address)),
  );
  if (before.length > 0 && !remembered) return { waitsFor: before.map(({ name }) => name) };
  return { broker: brokerName(target.address), remembered };
}

function addressOf(name: string, { nodes }: ClusterModel): string {
  return nodes.find((node) => node.name === name)?.address ?? "";
}
