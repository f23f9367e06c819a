import type { ChainableCommander, Redis } from "ioredis";
import type { CheckContext, CheckOpener, Figures, OpenCheck, Outcome } from "../../../engine/check.ts";
import type { StackWith } from "../../../engine/stack-with.ts";
import { abortable } from "../../../lib/abortable.ts";
import { messageOf } from "../../../lib/error.ts";
import { openRedis, type RedisConnection, redisCode } from "./client.ts";
import { infoField } from "./info-field.ts";
import { clusterFigures, figureSections, type NodeUp, nodeFigures } from "./node-figures.ts";

/** Percent of maxmemory from which keys are about to be evicted. */
export const nearlyFull = 95;

/** What redis.conf asks for; Redis takes as many as the limit of open files leaves it, and says so at its start only. */
const mostClients = 10_000;

/** Looks from one that reads a node's figures to the next: a longer answer, of which most is of no use to health. */
const figuresEvery = 10;

/** Redis Cluster serves all its slots; every node takes a write and gives it back, and saves without errors. */
export function redisCheck(model: StackWith<"redis">): CheckOpener {
  return (context) => openCheck(model, context);
}

interface Node {
  readonly port: number;
  readonly unit: string;
  connection?: RedisConnection;
  /** A key in one of the node's own slots. */
  key?: string;
  /** Of one of the last looks. */
  figures?: ReturnType<typeof nodeFigures>;
  looks: number;
}

/** What one node was found to be; the worst decides. */
interface NodeOutcome extends Outcome {
  readonly used: number;
  /** It said nothing. */
  readonly down?: true;
}

function openCheck({ redis }: StackWith<"redis">, context: CheckContext): OpenCheck {
  const nodes: Node[] = redis.nodes.map(({ port, unit }) => ({ port, unit, looks: 0 }));
  const drop = (node: Node): void => {
    node.connection?.drop();
    delete node.connection;
    delete node.key;
    delete node.figures;
    node.looks = 0;
  };

  const look = async (node: Node, password: string, signal: AbortSignal): Promise<NodeOutcome> => {
    try {
      if (node.connection === undefined || node.connection.broken()) {
        drop(node);
        node.connection = await openRedis(node.port, password, signal, { address: redis.address });
      }
      const { client } = node.connection;
      return await abortable(lookAt(client, node), signal, () => drop(node));
    } catch (error) {
      drop(node);
      const message = `node ${node.port} (${node.unit}) does not answer: ${messageOf(error)}`;
      return { ...failure(error, signal), used: 0, down: true, message };
    }
  };

  let told: { readonly of: readonly NodeUp[]; readonly figures: Figures } | undefined;
  /** Most looks read none: what is made of them stays the same then. */
  const figuresOf = (outcomes: readonly NodeOutcome[]): Figures => {
    const of = nodes.map(({ port, figures }, at): NodeUp => {
      return { port, up: outcomes[at]?.down !== true, ...(figures && { figures }) };
    });
    const isSame = told?.of.every(({ up, figures }, at) => up === of[at]?.up && figures === of[at]?.figures) === true;
    if (told === undefined || !isSame) told = { of, figures: clusterFigures(of) };
    return told.figures;
  };

  return {
    async run(signal) {
      // Who is connected has shown it: the file is read for a new line alone.
      const isOpen = nodes.every(({ connection }) => connection?.broken() === false);
      const password = isOpen ? "" : await context.secret("redis.auth");
      if (password === undefined) {
        return { status: "fail", code: "starting", message: "the secret redis.auth is not there yet" };
      }
      const outcomes = await Promise.all(nodes.map((node) => look(node, password, signal)));
      return { ...worst(outcomes), figures: figuresOf(outcomes) };
    },
    async close() {
      for (const node of nodes) drop(node);
    },
  };
}

async function lookAt(client: Redis, node: Node): Promise<NodeOutcome> {
  node.key ??= await ownKey(client);
  const written = String(Date.now());
  const sections = node.looks % figuresEvery === 0 ? figureSections : [];
  node.looks += 1;
  // All at once: a node is asked every two seconds, and each question by itself is a packet and a wake-up.
  const [cluster, info, set, read] = await answers(
    client
      .pipeline()
      .cluster("INFO")
      .info("memory", "persistence", "clients", ...sections)
      .set(node.key, written, "EX", 60)
      .get(node.key),
  );
  const used = share(text(info));
  if (sections.length > 0) node.figures = nodeFigures(text(info));
  const fault = clusterFault(text(cluster)) ?? persistenceFault(text(info));
  if (fault !== undefined) return { status: "fail", ...fault, used, message: `node ${node.port}: ${fault.message}` };
  text(set);
  if (text(read) !== written) {
    return { status: "fail", code: "lost-write", used, message: `node ${node.port} lost what it was given` };
  }
  const clients = Number(infoField(text(info), "maxclients") ?? mostClients);
  if (clients < mostClients) {
    return { status: "warn", code: "few-clients", used, message: fewClients(node, clients) };
  }
  if (used >= nearlyFull) {
    return { status: "warn", code: "memory", used, message: `node ${node.port} uses ${used} % of its maxmemory` };
  }
  return { status: "pass", code: "ok", used };
}

function fewClients({ port }: Node, clients: number): string {
  return `node ${port} takes ${clients} clients of ${mostClients}: the machine's hard limit of open files is low (stack-agent doctor)`;
}

/** Each command's answer, or its error. */
export async function answers(pipeline: ChainableCommander): Promise<readonly unknown[]> {
  return ((await pipeline.exec()) ?? []).map(([error, answer]) => error ?? answer);
}

/** @throws the error that is in the answer's place */
export function text(answer: unknown): string {
  if (answer instanceof Error) throw answer;
  return String(answer);
}

export function clusterFault(info: string): Pick<Outcome, "code" | "message"> | undefined {
  const state = infoField(info, "cluster_state");
  const slots = infoField(info, "cluster_slots_ok");
  if (state === "ok" && slots === "16384") return undefined;
  return { code: "cluster-down", message: `cluster is ${state}, ${slots} of 16384 slots are served` };
}

export function persistenceFault(info: string): Pick<Outcome, "code" | "message"> | undefined {
  const failed = ["rdb_last_bgsave_status", "aof_last_write_status", "aof_last_bgrewrite_status"].filter(
    (name) => infoField(info, name) === "err",
  );
  return failed.length === 0 ? undefined : { code: "persistence", message: `${failed.join(", ")}: err` };
}

/** Percent of maxmemory, 0 where there is no limit. */
export function share(info: string): number {
  const limit = Number(infoField(info, "maxmemory") ?? 0);
  return limit === 0 ? 0 : Math.round((1000 * Number(infoField(info, "used_memory") ?? 0)) / limit) / 10;
}

/** A key of ours in a slot that this node serves: the node itself says which it would send elsewhere. */
export async function ownKey(client: Redis): Promise<string> {
  for (let number = 0; ; number += 1) {
    const key = `stack-agent:health:${number}`;
    try {
      await client.get(key);
      return key;
    } catch (error) {
      if (redisCode(error) !== "MOVED" || number === 1000) throw error;
    }
  }
}

const severity = { pass: 0, warn: 1, fail: 2 } as const;

/** Those that are down are named before what the others say of slots that nobody serves. */
function worst(outcomes: readonly NodeOutcome[]): Outcome {
  const used = Math.max(...outcomes.map((outcome) => outcome.used));
  const observed = { observedValue: used };
  const down = outcomes.filter((outcome) => outcome.down === true);
  const [gone] = down;
  if (gone !== undefined) {
    const message = down.map((outcome) => outcome.message).join("; ");
    return { status: gone.status, code: gone.code, message, ...observed };
  }
  const first = outcomes.reduce((a, b) => (severity[b.status] > severity[a.status] ? b : a));
  const { used: _, down: __, ...outcome } = first;
  return { ...outcome, ...observed };
}

/** First word of Redis's error, or system code → our word. */
const codes: Readonly<Record<string, string>> = {
  ECONNREFUSED: "refused",
  ECONNRESET: "reset",
  WRONGPASS: "auth",
  NOAUTH: "auth",
  LOADING: "starting",
  CLUSTERDOWN: "cluster-down",
  MISCONF: "persistence",
  OOM: "memory",
};

export function failure(error: unknown, signal: AbortSignal): Outcome {
  return { status: "fail", code: signal.aborted ? "timeout" : (codes[redisCode(error) ?? ""] ?? "error") };
}
