import type { ClusterLook, ClusterPart, EngineMember } from "../../engine/cluster-part.ts";
import { messageOf } from "../../lib/error.ts";
import type { ClusterModel } from "../../stack/components/cluster/model.ts";
import type { ClusterDocument } from "../../stack/documents/cluster.ts";
import type { DependencyName } from "../../stack/model.ts";

export type ClusterParts = ReadonlyMap<DependencyName, ClusterPart>;

/** When the certificate ends that a node shows; undefined where it shows none. */
export type CertificateEnd = (node: ClusterModel["nodes"][number]) => Promise<Date | undefined>;

/**
 * How all members stand, by what the components' servers say of themselves and of each other.
 *
 * @param patience milliseconds until a component that says nothing counts as one that can't be asked
 */
export async function clusterStatus(
  here: string,
  parts: ClusterParts,
  look: ClusterLook,
  certificateEnd: CertificateEnd,
  patience = 15_000,
): Promise<ClusterDocument> {
  const { model, signal } = look;
  const all = model.cluster?.nodes ?? [];
  const asked = [...parts].map(async ([component, part]) => {
    const ended = AbortSignal.any([signal, AbortSignal.timeout(patience)]);
    const members = await part.members({ ...look, signal: ended }).catch((error: unknown): EngineMember[] => {
      signal.throwIfAborted();
      return all.map(({ name }) => ({ node: name, role: "unknown", status: "fail", message: messageOf(error) }));
    });
    return members.map((member) => ({ component, ...member }));
  });
  const [servers, ends] = await Promise.all([Promise.all(asked), Promise.all(all.map(certificateEnd))]);
  const nodes = all.map(({ name, address }, index) => {
    const end = ends[index];
    return {
      ...{ name, address },
      ...(end && { certificateEnds: end.toISOString() }),
      servers: servers.flat().flatMap(({ node, ...server }) => (node === name ? [server] : [])),
    };
  });
  return { schemaVersion: 1, status: overall(nodes), stack: model.name, here, nodes };
}

function overall(nodes: ClusterDocument["nodes"]): ClusterDocument["status"] {
  const servers = nodes.flatMap(({ name, servers }) => servers.map((server) => ({ ...server, node: name })));
  for (const component of new Set(servers.map(({ component }) => component))) {
    const own = servers.filter((server) => server.component === component);
    const working = new Set(own.filter(({ status }) => status !== "fail").map(({ node }) => node));
    if (working.size < nodes.length - 1) return "failed";
  }
  return servers.every(({ status }) => status === "pass") ? "healthy" : "degraded";
}
