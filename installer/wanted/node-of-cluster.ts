import type { Model } from "../../stack/model.ts";

/**
 * Settings by which one of several containers is one of its cluster's nodes: they are so in the order in which they are
 * named. None where the stack is no cluster, or another number of them is made.
 */
export function nodeOfCluster(
  { cluster, name, definition }: Pick<Model, "cluster" | "name" | "definition">,
  index: number,
  count: number,
): readonly string[] {
  const node = cluster?.nodes[index];
  const { network, hostname = name } = definition.container;
  if (node === undefined || cluster?.nodes.length !== count || network === "dhcp") return [];
  const prefix = network.address?.replace(/^[^/]*/, "");
  return [`container.network.address=${node.address}${prefix}`, `container.hostname=${hostname}-${node.name}`];
}
