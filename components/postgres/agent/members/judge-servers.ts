import type { Outcome } from "../../../../engine/check.ts";
import type { ClusterModel } from "../../../../stack/components/cluster/model.ts";
import { isUp, leaderOf, type ServersView, synchronousOf } from "./look-at-servers.ts";

/** What is wrong with the three servers; undefined: nothing. With a leader and a standby work is done: `warn`. */
export function judgeServers(
  view: ServersView | undefined,
  { nodes }: Pick<ClusterModel, "nodes">,
): Outcome | undefined {
  if (view === undefined) {
    return { status: "fail", code: "no-quorum", message: "no Patroni answers, or none that reaches two etcds" };
  }
  const { servers } = view;
  if (leaderOf(servers) === undefined) return { status: "fail", code: "no-leader", message: "no server leads" };
  const states = nodes.map(({ name }) => ({ name, state: servers.find((one) => one.name === name)?.state ?? "gone" }));
  const down = states.filter(({ state }) => !isUp(state)).map(({ name, state }) => `${name} is ${state}`);
  if (synchronousOf(servers) === undefined) {
    return { status: "fail", code: "no-standby", message: ["writes wait for a standby", ...down].join("; ") };
  }
  if (down.length > 0) return { status: "warn", code: "degraded", message: down.join("; ") };
  return undefined;
}
