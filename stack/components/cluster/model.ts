import type { ClusterSettings } from "./settings.ts";

/** Three machines that are one stack. All of them have the same template; which one a machine is, its address says. */
export interface ClusterModel extends ClusterFiles {
  /** In the order of the definition. */
  readonly nodes: readonly ClusterNode[];
  /** Where a member waits for another to join, while a token is valid. */
  readonly joinPort: number;
}

export interface ClusterNode {
  readonly name: string;
  /** IPv4, without a prefix. */
  readonly address: string;
  /** Its place in the definition, from 0. */
  readonly index: number;
}

/** What a member knows the others by, and shows to them. PEM, each; absolute paths. */
export interface ClusterFiles {
  readonly folder: string;
  /** The certificate of the cluster's own authority. */
  readonly ca: string;
  /** This machine's certificate, for its address and its node's name; for servers and for clients. */
  readonly certificate: string;
  /** Its key: root's, and read by the group. */
  readonly key: string;
  /** The group of the accounts that read the key. */
  readonly group: string;
}

/** Static, as all accounts of a template are (stack/account-ids.ts). */
export const clusterGroup = { name: "stack-cluster", id: 308 } as const;

const folder = "/etc/stack-cluster";

export const clusterFiles: ClusterFiles = {
  folder,
  ca: `${folder}/ca.crt`,
  certificate: `${folder}/node.crt`,
  key: `${folder}/node.key`,
  group: clusterGroup.name,
};

/** Takes in others while a token is valid. */
export const joinUnit = "stack-cluster-join.service";

export function clusterModel({ nodes, joinPort }: ClusterSettings): ClusterModel {
  return {
    ...clusterFiles,
    joinPort,
    nodes: Object.entries(nodes).map(([name, address], index) => ({ name, address, index })),
  };
}

/** The node that a machine with these addresses is; undefined: none of the three. */
export function placeOf({ nodes }: Pick<ClusterModel, "nodes">, addresses: readonly string[]): ClusterNode | undefined {
  return nodes.find(({ address }) => addresses.includes(address));
}

export function nodeAddresses({ nodes }: Pick<ClusterModel, "nodes">): readonly string[] {
  return nodes.map(({ address }) => address);
}

/** The other two. */
export function otherNodes({ nodes }: Pick<ClusterModel, "nodes">, place: ClusterNode): readonly ClusterNode[] {
  return nodes.filter(({ index }) => index !== place.index);
}
