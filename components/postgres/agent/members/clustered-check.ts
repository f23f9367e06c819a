import type { CheckOpener, Figures, OpenCheck, Outcome } from "../../../../engine/check.ts";
import { ownNode } from "../../../../engine/facts/own-node.ts";
import type { StackWith } from "../../../../engine/stack-with.ts";
import type { ClusterModel } from "../../../../stack/components/cluster/model.ts";
import { postgresCheck } from "../check.ts";
import { judgeServers } from "./judge-servers.ts";
import { isUp, lookAtServers, type ServersView } from "./look-at-servers.ts";

/** The server that leads writes and reads; and how the three stand. Where two of three do the work it is `warn`. */
export function clusteredCheck(model: StackWith<"postgres">): CheckOpener {
  const { cluster, postgres } = model;
  const { patroni } = postgres;
  if (cluster === undefined || patroni === undefined) throw new TypeError("the machine is alone");
  const open = postgresCheck(model);
  return (context): OpenCheck => {
    const roundtrip = open(context);
    return {
      async run(signal) {
        const [outcome, view] = await Promise.all([roundtrip.run(signal), lookAtServers(cluster, patroni, signal)]);
        return judged(outcome, view, cluster);
      },
      close: () => roundtrip.close(),
    };
  };
}

function judged(outcome: Outcome, view: ServersView | undefined, cluster: ClusterModel): Outcome {
  const servers = judgeServers(view, cluster);
  const figures = { ...outcome.figures, ...serverFigures(view, cluster) };
  if (outcome.status === "fail" && servers?.status === "fail") return { ...outcome, ...servers, figures };
  if (outcome.status === "pass" && servers !== undefined) return { ...outcome, ...servers, figures };
  return { ...outcome, figures };
}

function serverFigures(view: ServersView | undefined, cluster: ClusterModel): Figures {
  if (view === undefined) return {};
  const { name } = ownNode(cluster);
  const own = view.servers.find((server) => server.name === name);
  return {
    stack_postgres_members_running: view.servers.filter(({ state }) => isUp(state)).length,
    ...(own && {
      stack_postgres_is_leader: Number(own.role === "leader"),
      stack_postgres_is_synchronous: Number(own.role === "sync_standby"),
      ...(own.timeline !== undefined && { stack_postgres_timeline: own.timeline }),
      ...(own.lag !== undefined && { stack_postgres_replication_lag_bytes: own.lag }),
    }),
  };
}
