import { networkInterfaces } from "node:os";
import { type ClusterModel, type ClusterNode, placeOf } from "../../stack/components/cluster/model.ts";
import { notANode } from "../facts/not-a-node.ts";

/** The node that this machine is. @throws StackError `not-a-node` where none of the three addresses is its own */
export function ownNode(cluster: ClusterModel): ClusterNode {
  const addresses = Object.values(networkInterfaces()).flatMap((all = []) =>
    all.flatMap(({ address, internal }) => (internal ? [] : [address])),
  );
  const place = placeOf(cluster, addresses);
  if (place === undefined) throw notANode(cluster, addresses);
  return place;
}
