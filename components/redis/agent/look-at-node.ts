import type { Redis } from "ioredis";
import { parseClusterNodes } from "./cluster-nodes.ts";
import type { NodeView } from "./plan-cluster.ts";

/** Asks one node what it knows of the cluster. */
export async function lookAtNode(client: Redis, port: number): Promise<NodeView> {
  const [info, nodes] = await Promise.all([client.cluster("INFO"), client.cluster("NODES")]);
  const epoch = Number(/^cluster_my_epoch:(\d+)/m.exec(String(info))?.[1] ?? 0);
  return { port, epoch, nodes: parseClusterNodes(String(nodes)) };
}
