import type { Redis } from "ioredis";
import type { CheckContext, CheckOpener, OpenCheck, Outcome, Sample } from "../../../../engine/check.ts";
import { ownNode } from "../../../../engine/facts/own-node.ts";
import type { StackWith } from "../../../../engine/stack-with.ts";
import { abortable } from "../../../../lib/abortable.ts";
import { messageOf } from "../../../../lib/error.ts";
import { answers, clusterFault, failure, nearlyFull, ownKey, persistenceFault, share, text } from "../check.ts";
import { openMember, type RedisConnection } from "../client.ts";
import { type ClusterNode, parseClusterNodes } from "../cluster-nodes.ts";
import { infoField } from "../info-field.ts";
import { clusterFigures, figureSections, nodeFigures } from "../node-figures.ts";
import { isThere, judgeCluster, slotsServed } from "./judge-cluster.ts";
import { lookAtMembers } from "./look-at-members.ts";
import { type Seat, seatName, seatsOf } from "./seats.ts";

interface Node {
  readonly seat: Seat;
  connection?: RedisConnection;
  /** A key in one of the node's own slots, while it is a master. */
  key?: string;
}

/** What one of the machine's nodes was found to be. */
interface Look {
  readonly seat: Seat;
  readonly outcome: Outcome;
  readonly used: number;
  /** None where it didn't answer. */
  readonly nodes?: readonly ClusterNode[];
  readonly info?: string;
}

/**
 * Redis on a machine of a cluster: each of its nodes saves, and takes a write where it is a master; and what they see of
 * the others. Where two of three machines do the work it is `warn`.
 */
export function clusteredCheck(model: StackWith<"redis">, place = ownNode): CheckOpener {
  return (context) => openCheck(model, context, place);
}

function openCheck({ redis }: StackWith<"redis">, context: CheckContext, place: typeof ownNode): OpenCheck {
  const { cluster } = redis;
  if (cluster === undefined) throw new TypeError("the machine is alone");
  const seats = seatsOf(cluster, redis);
  let nodes: Node[] | undefined;
  const drop = (node: Node): void => {
    node.connection?.drop();
    delete node.connection;
    delete node.key;
  };

  const look = async (node: Node, password: string, signal: AbortSignal): Promise<Look> => {
    const { seat } = node;
    try {
      if (node.connection === undefined || node.connection.broken()) {
        drop(node);
        const { address: host, port } = seat;
        node.connection = await openMember(cluster, { host, port, password }, signal);
      }
      return await abortable(lookAt(node.connection.client, node), signal, () => drop(node));
    } catch (error) {
      drop(node);
      const message = `node ${seatName(seat)} does not answer: ${messageOf(error)}`;
      return { seat, outcome: { ...failure(error, signal), message }, used: 0 };
    }
  };

  /** What the other machines say, where this one's nodes say nothing. */
  const askOthers = async (password: string, signal: AbortSignal): Promise<Outcome | undefined> => {
    const { members } = await lookAtMembers(seats, cluster, password, signal);
    for (const { connection } of members) connection.drop();
    const [first] = members;
    return first && judgeCluster(first.view.nodes, seats);
  };

  return {
    async run(signal) {
      const password = await context.secret("redis.auth");
      if (password === undefined) {
        return { status: "fail", code: "starting", message: "the secret redis.auth is not there yet" };
      }
      nodes ??= seats.filter(({ index }) => index === place(cluster).index).map((seat) => ({ seat }));
      const looks = await Promise.all(nodes.map((node) => look(node, password, signal)));
      const observedValue = Math.max(...looks.map(({ used }) => used));
      const figures = figuresOf(looks, seats);
      const down = looks.filter(({ nodes }) => nodes === undefined);
      const [seeing] = looks.flatMap(({ nodes }) => (nodes === undefined ? [] : [nodes]));
      const whole =
        seeing === undefined ? await askOthers(password, signal).catch(() => undefined) : judgeCluster(seeing, seats);
      const faults = looks.filter(({ outcome }) => outcome.status !== "pass").map(({ outcome }) => outcome);
      if (whole === undefined) return { ...(faults[0] ?? { status: "fail", code: "error" }), figures };
      if (whole.status === "fail") return { ...whole, observedValue, figures };
      if (down.length > 0) {
        const message = down.map(({ outcome }) => outcome.message).join("; ");
        return {
          status: "warn",
          code: "node-down",
          message: `${message}; the others serve all slots`,
          observedValue,
          figures,
        };
      }
      const fault = faults.find(({ status }) => status === "fail") ?? faults[0];
      return { ...(fault ?? whole), observedValue, figures };
    },
    async close() {
      for (const node of nodes ?? []) drop(node);
    },
  };
}

async function lookAt(client: Redis, node: Node): Promise<Look> {
  const { seat } = node;
  const [cluster, known, info] = await answers(
    client
      .pipeline()
      .cluster("INFO")
      .cluster("NODES")
      .info("memory", "persistence", "clients", "replication", ...figureSections),
  );
  const told = text(info);
  const nodes = parseClusterNodes(text(known));
  const isMaster =
    infoField(told, "role") === "master" && nodes.some(({ myself, slots }) => myself && slots.length > 0);
  const used = share(told);
  const all = { seat, used, nodes, info: told };
  const fault = persistenceFault(told) ?? (isMaster ? clusterFault(text(cluster)) : undefined);
  if (fault !== undefined) {
    return { ...all, outcome: { status: "fail", ...fault, message: `node ${seatName(seat)}: ${fault.message}` } };
  }
  if (isMaster) {
    const written = String(Date.now());
    node.key ??= await ownKey(client);
    await client.set(node.key, written, "EX", 60);
    if ((await client.get(node.key)) !== written) {
      const message = `node ${seatName(seat)} lost what it was given`;
      return { ...all, outcome: { status: "fail", code: "lost-write", message } };
    }
  } else {
    // Its slots may be others when it is a master again.
    delete node.key;
    if (infoField(told, "role") === "slave" && infoField(told, "master_link_status") !== "up") {
      const message = `node ${seatName(seat)} has no line to its master`;
      return { ...all, outcome: { status: "warn", code: "not-in-sync", message } };
    }
  }
  if (used >= nearlyFull) {
    const message = `node ${seatName(seat)} uses ${used} % of its maxmemory`;
    return { ...all, outcome: { status: "warn", code: "memory", message } };
  }
  return { ...all, outcome: { status: "pass", code: "ok" } };
}

function figuresOf(looks: readonly Look[], seats: readonly Seat[]) {
  const each = looks.map(({ seat: { port }, info }) => ({
    port,
    up: info !== undefined,
    ...(info !== undefined && { figures: nodeFigures(info) }),
  }));
  const seeing = looks.find(({ nodes }) => nodes !== undefined)?.nodes;
  const ofNodes = (value: (info: string) => number | undefined): Sample[] =>
    looks.flatMap(({ seat: { port }, info }) => {
      const found = info === undefined ? undefined : value(info);
      return found === undefined ? [] : [{ labels: { node: `${port}` }, value: found }];
    });
  return {
    ...clusterFigures(each),
    ...(seeing && {
      stack_redis_cluster_slots_served: slotsServed(seeing),
      stack_redis_cluster_nodes_reachable: seats.filter((seat) => isThere(seeing, seat)).length,
    }),
    stack_redis_node_is_master: ofNodes((info) => Number(infoField(info, "role") === "master")),
    stack_redis_node_replication_lag_bytes: ofNodes(lagOf),
  };
}

/** Undefined of a master, which lags behind nobody. */
export function lagOf(info: string): number | undefined {
  if (infoField(info, "role") !== "slave") return undefined;
  const [read, applied] = ["slave_read_repl_offset", "slave_repl_offset"].map((name) => Number(infoField(info, name)));
  if (read === undefined || applied === undefined || Number.isNaN(read - applied)) return undefined;
  return Math.max(0, read - applied);
}
