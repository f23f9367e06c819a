import type { FindingsOptions } from "../../../engine/agent-part.ts";
import { ownNode } from "../../../engine/facts/own-node.ts";
import type { Found } from "../../../engine/finding.ts";
import { readSecret } from "../../../engine/secrets/read-secret.ts";
import { StackError } from "../../../lib/error.ts";
import { brokerName, type RabbitmqModel } from "../../../stack/components/rabbitmq/model.ts";
import { management } from "./management.ts";

/** Milliseconds for the broker's answer. */
const LONGEST = 5_000;

/** Share of its files from which connections are about to be refused. */
const manyFiles = 0.9;

/** Of `/api/nodes`: https://www.rabbitmq.com/docs/alarms */
export interface BrokerNode {
  readonly name?: string;
  /** Whether it answers the others. */
  readonly running?: boolean;
  readonly mem_alarm?: boolean;
  readonly mem_used?: number;
  readonly mem_limit?: number;
  readonly disk_free_alarm?: boolean;
  readonly disk_free?: number;
  readonly disk_free_limit?: number;
  readonly fd_used?: number;
  readonly fd_total?: number;
}

/** Whether the broker holds back publishers, or is about to. */
export async function alarms({ model: { rabbitmq, paths }, signal }: FindingsOptions): Promise<Found> {
  const password = await readSecret(paths.state, "rabbitmq.admin");
  if (rabbitmq === undefined || password === undefined) {
    throw new StackError("secret-missing", "the secret rabbitmq.admin is not there", { hint: "stack-agent provision" });
  }
  const login = { port: rabbitmq.managementPort, user: rabbitmq.adminUser, password };
  const within = AbortSignal.any([signal, AbortSignal.timeout(LONGEST)]);
  const nodes = (await management(login, "GET", "/nodes", { signal: within })) as readonly BrokerNode[];
  return judgeAlarms(ownBroker(nodes, rabbitmq), rabbitmq.vhost);
}

/** This machine's, of a cluster's brokers. */
export function ownBroker(nodes: readonly BrokerNode[], { cluster }: Pick<RabbitmqModel, "cluster">): BrokerNode {
  if (cluster === undefined) return nodes[0] ?? {};
  const own = brokerName(ownNode(cluster).address);
  return nodes.find(({ name }) => name === own) ?? {};
}

export function judgeAlarms(node: BrokerNode, vhost: string): Found {
  const { mem_used = 0, mem_limit = 0, disk_free = 0, disk_free_limit = 0, fd_used = 0, fd_total = 0 } = node;
  const memory = `${miB(mem_used)} of ${miB(mem_limit)} MiB of memory`;
  const disk = `${miB(disk_free)} MiB of disk free, ${miB(disk_free_limit)} at least`;
  const troubles = [
    ...(node.mem_alarm
      ? [
          {
            message: `publishers are held back for want of memory: ${memory}`,
            hint: `rabbitmqctl list_queues -p ${vhost} name messages memory; have them consumed, or on the node: pct set VMID --memory MORE`,
          },
        ]
      : []),
    ...(node.disk_free_alarm
      ? [
          {
            message: `publishers are held back for want of disk: ${disk}`,
            hint: "df -h /var/lib/rabbitmq; make room, or on the node: pct resize",
          },
        ]
      : []),
    ...(fd_total > 0 && fd_used / fd_total >= manyFiles
      ? [
          {
            message: `it has ${fd_used} of ${fd_total} files open`,
            hint: "rabbitmqctl list_connections user peer_host",
          },
        ]
      : []),
  ];
  const [first] = troubles;
  if (first === undefined) return { status: "pass", message: `none; ${memory}, ${disk}` };
  return { status: "warn", message: troubles.map(({ message }) => message).join("; "), hint: first.hint };
}

function miB(bytes: number): number {
  return Math.round(bytes / 1024 / 1024);
}
