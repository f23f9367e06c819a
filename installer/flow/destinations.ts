import { StackError } from "../../lib/error.ts";
import { fixedAddresses } from "../../stack/net-addresses.ts";
import type { Node } from "../node/node.ts";
import type { Template } from "../template/open-template.ts";
import { chooseVmid } from "../wanted/choose-vmid.ts";
import { type Wanted, wanted } from "../wanted/wanted.ts";

/** A node that was reached, and what is to be there. */
export interface Destination {
  readonly label: string;
  readonly node: Node;
  /** Every node of its cluster. */
  readonly cluster: readonly string[];
  /** The template, with this node's settings. */
  readonly template: Template;
}

/**
 * What each of several nodes is to have. In one cluster a vmid is one container's: those that
 * nobody set are chosen one after the other, each other than those before.
 *
 * @param failed told of a node that gave no answer; the others go on
 * @throws StackError `same-node`, `vmid-shared`, `address-shared`
 */
export async function share<D extends Destination>(
  destinations: readonly D[],
  failed: (label: string, error: unknown) => undefined,
): Promise<readonly (D & { readonly wanted: Wanted })[]> {
  refuseSameAddress(destinations);
  const taken = new Map<string, Map<number, string>>();
  refuseSameNode(destinations);
  const all: (D & { readonly wanted: Wanted })[] = [];
  for (const destination of destinations) {
    const { label, node, template, cluster } = destination;
    const key = clusterKey(cluster, label);
    const others = taken.get(key) ?? new Map<number, string>();
    const vmid = await chooseVmid(node, template, new Set(others.keys())).catch((error: unknown) =>
      failed(label, error),
    );
    if (vmid === undefined) continue;
    const other = others.get(vmid);
    if (other !== undefined) {
      throw new StackError("vmid-shared", `${other} and ${label} are one cluster: vmid ${vmid} can't be on both`, {
        hint: `one for each: --vmid ${vmid},${vmid + 1}; or none: each gets the next free one`,
      });
    }
    taken.set(key, others.set(vmid, label));
    all.push({ ...destination, wanted: wanted(template, vmid) });
  }
  return all;
}

/** What tells one cluster from another. Nodes that stand alone may have the same name. */
export function clusterKey(cluster: readonly string[], label: string): string {
  return cluster.length === 1 ? label : [...cluster].sort().join();
}

function refuseSameNode(destinations: readonly Destination[]): void {
  const seen = new Map<string, string>();
  for (const { label, node, cluster } of destinations) {
    const key = `${clusterKey(cluster, label)} ${node.name}`;
    const other = seen.get(key);
    if (other !== undefined) {
      throw new StackError("same-node", `${other} and ${label} are both node ${node.name}`, {
        hint: `other nodes of the cluster: ${cluster.filter((name) => name !== node.name).join(", ")}`,
      });
    }
    seen.set(key, label);
  }
}

/** Two containers of one fixed address would each be unreachable now and then. */
function refuseSameAddress(destinations: readonly Destination[]): void {
  const fixed = destinations.filter(
    ({ template }) => fixedAddresses(template.model.definition.container.network).length > 0,
  );
  const all = fixed.flatMap(({ template }) => fixedAddresses(template.model.definition.container.network));
  if (new Set(all).size === all.length) return;
  const labels = fixed.map(({ label }) => label).join(" and ");
  throw new StackError("address-shared", `the containers on ${labels} would have one fixed address`, {
    hint: "--set container.network=dhcp, or one node at a time with its own --set container.network={…}",
  });
}
