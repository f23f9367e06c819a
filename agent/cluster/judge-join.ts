import type { ClusterModel, ClusterNode } from "../../stack/components/cluster/model.ts";
import type { JoinRequest } from "./join-request.ts";
import { judgeSecret, type StoredToken } from "./token.ts";

export interface Refusal {
  readonly code: string;
  readonly message: string;
  readonly hint?: string;
}

/** Milliseconds that clocks may differ by. */
const skew = 60_000;

/** Whether somebody at this address may join: the node it is then, or why not. Nothing of a request is told in it. */
export function judgeJoin(
  request: JoinRequest,
  address: string,
  known: {
    readonly stack: string;
    readonly cluster: ClusterModel;
    readonly place: ClusterNode;
    readonly tokens: readonly StoredToken[];
    readonly now: number;
  },
): ClusterNode | Refusal {
  const { cluster, place, tokens, now } = known;
  // The token before all else: who has none is told nothing.
  const token = judgeSecret(request.secret, tokens, now);
  if (token === "unknown")
    return { code: "token-unknown", message: "this token is none of this node's", hint: another };
  if (token === "expired") return { code: "token-expired", message: "this token's time is over", hint: another };
  const node = cluster.nodes.find((one) => one.address === address);
  if (node === undefined || node.name === place.name) {
    return { code: "not-a-node", message: `${address} is none of the cluster's other nodes` };
  }
  const nodes = Object.fromEntries(cluster.nodes.map(({ name, address }) => [name, address]));
  if (request.stack !== known.stack || JSON.stringify(sorted(request.nodes)) !== JSON.stringify(sorted(nodes))) {
    return {
      code: "other-stack",
      message: "its definition has another name or other nodes than this member's",
      hint: "make all three containers of one template",
    };
  }
  if (Math.abs(request.now - now) > skew) {
    return {
      code: "clock-differs",
      message: `clocks differ by ${Math.round(Math.abs(request.now - now) / 1000)} s: it is ${at(now)} here and ${at(request.now)} there`,
      hint: "set the clocks of the Proxmox nodes, which containers have theirs from: timedatectl, chronyc tracking",
    };
  }
  return node;
}

const another = "stack-agent cluster token on a member prints another one";

function sorted(nodes: Readonly<Record<string, string>>): [string, string][] {
  return Object.entries(nodes).sort(([a], [b]) => (a < b ? -1 : 1));
}

function at(milliseconds: number): string {
  const date = new Date(milliseconds);
  return Number.isNaN(date.getTime()) ? "no time" : date.toISOString();
}
