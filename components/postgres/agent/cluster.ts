import type { ClusterLook, EngineMember } from "../../../engine/cluster-part.ts";
import { isUp, leaderOf, lookAtServers, type PatroniServer } from "./members/look-at-servers.ts";

/** How PostgreSQL's three servers stand, as Patroni tells. */
export async function members({ model, signal }: ClusterLook): Promise<readonly EngineMember[]> {
  const { cluster, postgres } = model;
  if (cluster === undefined || postgres?.patroni === undefined) return [];
  const view = await lookAtServers(cluster, postgres.patroni, signal);
  const servers = view?.servers ?? [];
  return cluster.nodes.map(({ name: node }) => {
    const server = servers.find(({ name }) => name === node);
    if (server !== undefined) return tell(node, server, leaderOf(servers));
    const message = view === undefined ? "no Patroni answers" : "unknown to Patroni: off, or cut off from etcd";
    return { node, role: "down", status: "fail", message };
  });
}

const roles = { leader: "leader", sync_standby: "sync standby", replica: "replica" } as const;

function tell(node: string, server: PatroniServer, leader: PatroniServer | undefined): EngineMember {
  const { role, state, lag, timeline } = server;
  const where = timeline === undefined ? {} : { message: `timeline ${timeline}` };
  const behind = lag === undefined ? {} : { lag: bytesText(lag) };
  if (!isUp(state)) return { node, role: roles[role], status: "fail", ...behind, message: state };
  if (leader === undefined)
    return { node, role: roles[role], status: "fail", ...behind, message: "there is no leader" };
  if (timeline !== undefined && leader.timeline !== undefined && timeline < leader.timeline) {
    return {
      ...{ node, role: roles[role], status: "warn", ...behind },
      message: `timeline ${timeline}, the leader's is ${leader.timeline}`,
    };
  }
  return { node, role: roles[role], status: "pass", ...behind, ...where };
}

function bytesText(bytes: number): string {
  return bytes < 1_000_000 ? `${bytes} bytes` : `${(bytes / 1_000_000).toFixed(0)} MB`;
}
