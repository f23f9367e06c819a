import type { ClusterModel, ClusterNode } from "../../../../stack/components/cluster/model.ts";
import type { PatroniModel } from "../../../../stack/components/postgres/patroni.ts";
import { askPatroni } from "./ask-patroni.ts";

/** A server as Patroni tells of it. */
export interface PatroniServer {
  readonly name: string;
  readonly role: "leader" | "sync_standby" | "replica";
  /** `running` and `streaming` are well; else starting, stopped, creating replica … */
  readonly state: string;
  readonly timeline?: number;
  /** Bytes behind the leader; undefined: of the leader itself, or unknown. */
  readonly lag?: number;
}

export interface ServersView {
  readonly servers: readonly PatroniServer[];
  /** What all three have in common, as it lies in etcd. */
  readonly dynamic: unknown;
}

/** Milliseconds for one machine: one that is off never answers. */
const LOOK = 2_500;

/** How the servers stand, as the first machine says that can tell of a leader, or else any; undefined: none answers. */
export async function lookAtServers(
  cluster: ClusterModel,
  { port }: PatroniModel,
  signal: AbortSignal,
): Promise<ServersView | undefined> {
  const limited = AbortSignal.any([signal, AbortSignal.timeout(LOOK)]);
  const answers = await Promise.all(
    cluster.nodes.map(async ({ address: host }) => {
      const ask = async (path: string) => (await askPatroni(cluster, { host, port, path }, limited)).body;
      try {
        const [servers, dynamic] = [serversOf(await ask("/cluster")), await ask("/config")];
        return servers === undefined ? [] : [{ servers, dynamic }];
      } catch {
        signal.throwIfAborted();
        return [];
      }
    }),
  );
  const views = answers.flat();
  return views.find(({ servers }) => leaderOf(servers) !== undefined) ?? views[0];
}

/** Machines whose etcd answers, whether or not it agrees with others. */
export async function lookAtEtcd(
  cluster: ClusterModel,
  { etcd: { port } }: PatroniModel,
  signal: AbortSignal,
): Promise<readonly ClusterNode[]> {
  const limited = AbortSignal.any([signal, AbortSignal.timeout(LOOK)]);
  const answers = await Promise.all(
    cluster.nodes.map(async (node) => {
      const question = { host: node.address, port, path: "/version" };
      const { status } = await askPatroni(cluster, question, limited).catch(() => ({ status: 0 }));
      return status === 200 ? [node] : [];
    }),
  );
  signal.throwIfAborted();
  return answers.flat();
}

export function leaderOf(servers: readonly PatroniServer[]): PatroniServer | undefined {
  return servers.find(({ role, state }) => role === "leader" && isUp(state));
}

/** The standby that commits wait for. */
export function synchronousOf(servers: readonly PatroniServer[]): PatroniServer | undefined {
  return servers.find(({ role, state }) => role === "sync_standby" && isUp(state));
}

export function isUp(state: string): boolean {
  return state === "running" || state === "streaming";
}

function serversOf(body: unknown): PatroniServer[] | undefined {
  if (typeof body !== "object" || body === null || !("members" in body) || !Array.isArray(body.members)) return;
  return body.members.map((member: Record<string, unknown>) => {
    const { name, role, state, timeline, lag } = member;
    return {
      name: String(name),
      role: role === "leader" || role === "sync_standby" ? role : "replica",
      state: String(state),
      ...(typeof timeline === "number" && { timeline }),
      ...(typeof lag === "number" && { lag }),
    };
  });
}
