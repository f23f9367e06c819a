import type { FactReader } from "../../../../engine/facts/fact-reader.ts";
import { isErrno, isStackError } from "../../../../lib/error.ts";
import { type ClusterNode, otherNodes } from "../../../../stack/components/cluster/model.ts";
import type { Definitions } from "../../../../stack/components/rabbitmq/definitions.ts";
import type { RabbitmqModel } from "../../../../stack/components/rabbitmq/model.ts";
import type { HeldDefinitions } from "../definitions-drift.ts";
import { readDefinitions } from "../inspect.ts";
import { management } from "../management.ts";
import { askBroker, type BrokerView } from "./ask-broker.ts";

const LOOK_TIMEOUT = 10_000;
const PEERS_TIMEOUT = 60_000;

/** What this machine's broker tells of itself and its cluster. */
export interface Member {
  readonly held: HeldDefinitions;
  /** All brokers of its cluster, itself among them. */
  readonly brokers: readonly { readonly name: string; readonly running: boolean }[];
  /** Whether its metadata are in Khepri; undefined where it knows no other store any more. */
  readonly khepri: boolean | undefined;
  /** Queues and streams of the stack's virtual host, and the brokers that have a member of them. */
  readonly queues: readonly QueueMembers[];
  /** What the other machines' brokers say, by the machine's name; asked only while it is alone. */
  readonly peers: ReadonlyMap<string, BrokerView | undefined>;
}

export interface QueueMembers {
  readonly name: string;
  readonly type: string;
  readonly members: readonly string[];
}

/**
 * `down`: not answering yet; `stopped`: its Erlang machine runs, and RabbitMQ in it does not, as where joining was broken
 * off; `refused`: not with the administrator's password we know.
 */
export type MemberFacts = Member | "down" | "stopped" | "refused";

export async function inspectMember(
  reader: Pick<FactReader, "run" | "withSecret" | "secretMatches">,
  rabbitmq: RabbitmqModel,
  place: ClusterNode,
  wanted: Definitions,
  signal: AbortSignal,
): Promise<MemberFacts> {
  const deadline = AbortSignal.any([signal, AbortSignal.timeout(LOOK_TIMEOUT)]);
  const { managementPort: port, adminUser: user, vhost } = rabbitmq;
  try {
    const told = await reader.withSecret("rabbitmq.admin", async (password) => {
      const get = (path: string): Promise<unknown> =>
        management({ port, user, password }, "GET", path, { signal: deadline });
      return Promise.all([
        get("/definitions"),
        get("/nodes?columns=name,running"),
        get("/feature-flags"),
        get(`/queues/${encodeURIComponent(vhost)}?columns=name,type,members`).catch(noVhost),
      ]);
    });
    const [exported, brokers, flags, queues] = told;
    const held = await readDefinitions(exported, wanted, reader);
    const khepri = (flags as readonly Flag[]).find(({ name }) => name === "khepri_db");
    return {
      held,
      brokers: brokers as Member["brokers"],
      khepri: khepri && khepri.state === "enabled",
      queues: (queues as readonly Partial<QueueMembers>[]).map(({ name = "", type = "", members = [] }) => {
        return { name, type, members };
      }),
      peers: (brokers as readonly unknown[]).length > 1 ? new Map() : await askPeers(reader, rabbitmq, place, signal),
    };
  } catch (error) {
    signal.throwIfAborted();
    if (isStackError(error) && ["management-refused", "secret-missing"].includes(error.code)) return "refused";
    if (deadline.aborted || isErrno(error, "ECONNRESET")) return "down";
    if (isErrno(error, "ECONNREFUSED")) return (await isStopped(reader.run, signal)) ? "stopped" : "down";
    throw error;
  }
}

interface Flag {
  readonly name: string;
  readonly state: string;
}

function noVhost(error: unknown): readonly [] {
  if (isStackError(error) && error.code === "management-failed" && /status 404/.test(error.message)) return [];
  throw error;
}

async function askPeers(
  { run }: Pick<FactReader, "run">,
  { cluster }: RabbitmqModel,
  place: ClusterNode,
  signal: AbortSignal,
): Promise<Member["peers"]> {
  if (cluster === undefined) return new Map();
  const limited = AbortSignal.any([signal, AbortSignal.timeout(PEERS_TIMEOUT)]);
  const asked = otherNodes(cluster, place).map(
    async ({ name, address }) => [name, await askBroker(address, run, limited)] as const,
  );
  return new Map(await Promise.all(asked));
}

async function isStopped(run: FactReader["run"], signal: AbortSignal): Promise<boolean> {
  const options = { cwd: "/", timeout: LOOK_TIMEOUT, signal, accept: Array.from({ length: 256 }, (_, code) => code) };
  const { stdout } = await run("rabbitmqctl", ["--quiet", "eval", "rabbit:is_running()."], options);
  return stdout.trim() === "false";
}
