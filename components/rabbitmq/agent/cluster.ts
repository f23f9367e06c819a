import type { ClusterLook, EngineMember } from "../../../engine/cluster-part.ts";
import { messageOf } from "../../../lib/error.ts";
import { brokerName } from "../../../stack/components/rabbitmq/model.ts";
import type { BrokerNode } from "./alarms.ts";
import { management } from "./management.ts";
import type { QueueFigures } from "./read-figures.ts";

interface Told {
  readonly brokers: readonly (BrokerNode & { readonly name: string })[];
  readonly queues: readonly QueueFigures[];
}

/** How the three brokers stand, as this machine's sees it: nobody else is told by the management API of another one. */
export async function members({ model, signal, secret }: ClusterLook): Promise<readonly EngineMember[]> {
  const { rabbitmq, cluster } = model;
  if (rabbitmq === undefined || cluster === undefined) return [];
  const login = { port: rabbitmq.managementPort, user: rabbitmq.agentUser, password: await secret("rabbitmq.agent") };
  const get = (path: string): Promise<unknown> => management(login, "GET", path, { signal });
  let told: Told;
  try {
    const [brokers, queues] = await Promise.all([
      get("/nodes?columns=name,running,mem_alarm,disk_free_alarm"),
      get(`/queues/${encodeURIComponent(rabbitmq.vhost)}?columns=name,leader,online`),
    ]);
    told = { brokers: brokers as Told["brokers"], queues: queues as Told["queues"] };
  } catch (error) {
    signal.throwIfAborted();
    const message = `this machine's broker tells nothing: ${messageOf(error)}`;
    return cluster.nodes.map(({ name }) => ({ node: name, role: "unknown", status: "fail", message }));
  }
  return cluster.nodes.map(({ name, address }) => memberOf(name, brokerName(address), told));
}

export function memberOf(node: string, name: string, { brokers, queues }: Told): EngineMember {
  const broker = brokers.find((one) => one.name === name);
  if (broker === undefined) return { node, role: "no member", status: "fail", message: "it has not joined the others" };
  if (broker.running !== true) return { node, role: "down", status: "fail", message: "the others don't hear of it" };
  const led = queues.filter(({ leader }) => leader === name).length;
  const behind = queues.filter(({ online }) => online !== undefined && !online.includes(name)).map((one) => one.name);
  const leads = `leads ${led} of ${queues.length} queues`;
  if (broker.mem_alarm || broker.disk_free_alarm) {
    const what = broker.mem_alarm ? "memory" : "disk";
    return { node, role: "running", status: "fail", message: `${leads}; publishers are held back for want of ${what}` };
  }
  if (behind.length > 0) {
    return { node, role: "running", status: "warn", message: `${leads}; no member of ${behind.join(", ")}` };
  }
  return { node, role: "running", status: "pass", message: leads };
}
