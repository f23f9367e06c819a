import { networkInterfaces } from "node:os";
import { type ClusterModel, type ClusterNode, placeOf } from "../../stack/components/cluster/model.ts";
import { notANode } from "./not-a-node.ts";

/** The node that this machine is. @throws StackError `not-a-node` where none of the three addresses is its own */
export function ownNode(cluster: ClusterModel): ClusterNode {
  const addresses = ownAddresses();
  const place = placeOf(cluster, addresses);
  if (place === undefined) throw notANode(cluster, addresses);
  return place;
}

/** Of both families, without those that only the machine itself reaches. */
export function ownAddresses(): string[] {
  return Object.values(networkInterfaces()).flatMap((all = []) =>
    all.flatMap(({ address, internal }) => (internal ? [] : [address])),
  );
}
