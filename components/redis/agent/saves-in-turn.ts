import { setTimeout as sleep } from "node:timers/promises";
import type { Redis } from "ioredis";
import type { Job } from "../../../engine/job.ts";
import { abortable } from "../../../lib/abortable.ts";
import { isStackError, StackError } from "../../../lib/error.ts";
import { withinDeadline } from "../../../lib/within-deadline.ts";
import type { RedisModel, Snapshot } from "../../../stack/components/redis/model.ts";
import { openRedis, type RedisConnection, redisCode } from "./client.ts";
import { dueSaves, type Persistence, readPersistence, type Save } from "./persistence.ts";
import { requestedSave } from "./save-request.ts";

/** Milliseconds from one look to the next, for a log may grow by gigabytes a minute; after a save; and during one. */
const LOOK = 10_000;
const LOOK_AFTER_SAVE = 1_000;
const LOOK_AT_SAVE = 200;

/** Milliseconds that a node may take for an answer. */
const PATIENCE = 5_000;

interface Node {
  readonly port: number;
  readonly unit: string;
  /** Kept from one look to the next. Undefined: it is down, and has no child. */
  connection?: RedisConnection | undefined;
}

/**
 * Has the nodes save their data and rewrite their logs when it is time to, one after the other: a
 * child that saves holds what its node changes meanwhile, all of it at the worst, and the memory
 * budget has room for one. One that somebody else asked for is waited for.
 *
 * A node that is down comes later; beside one that stands still none saves, since its child can't be
 * asked for. That they are so is for the health check to tell.
 */
export function savesInTurn({
  nodes: all,
  snapshots,
  ...own
}: RedisModel & { readonly address: string }): Pick<Job, "run" | "again"> {
  let next: number | undefined = LOOK;
  const nodes = all.map(({ port, unit }): Node => ({ port, unit }));
  const run: Job["run"] = async (context, signal) => {
    next = LOOK;
    const password = await context.secret("redis.auth");
    if (password === undefined) return;
    const open = async (node: Node): Promise<void> => {
      if (node.connection?.broken() === false) return;
      node.connection = await answerOf(node, signal, (limited) => openRedis(node.port, password, limited, own));
      node.connection?.client.stream.unref();
    };
    try {
      await Promise.all(nodes.map(open));
      const asked = await requestedSave(context.model.paths.run);
      const done: Done[] = [];
      for (const node of nodes) done.push(...(await saveWhereDue(node, nodes, { snapshots, asked }, signal)));
      if (done.length > 0) next = LOOK_AFTER_SAVE;
      const failures = done.flatMap(({ failure = [] }) => failure);
      if (failures.length > 0) {
        // Each rewrite that fails, on a full disk say, leaves a file behind: the next turn is soon enough.
        next = undefined;
        throw new StackError("save-failed", failures.join("; "), { hint: "df -h; stack-agent logs -n 50 redis" });
      }
    } catch (error) {
      if (signal.aborted || !(isStackError(error) && error.code === "timeout")) throw error;
    }
  };
  return { run, again: async () => next };
}

interface Due {
  readonly snapshots: readonly Snapshot[];
  /** Seconds since 1970. */
  readonly asked: number;
}

interface Done {
  /** A clause, where it failed. */
  readonly failure?: string;
}

async function saveWhereDue(
  node: Node,
  nodes: readonly Node[],
  { snapshots, asked }: Due,
  signal: AbortSignal,
): Promise<readonly Done[]> {
  const before = await look(node, signal);
  const due = before === undefined ? [] : dueSaves(before, snapshots, Date.now() / 1000, asked);
  for (const save of due) {
    await untilNoneSaves(nodes, signal);
    await ask(node, signal, (client) => client.call(save));
    await untilNoneSaves(nodes, signal);
  }
  const after = due.length === 0 ? undefined : await look(node, signal);
  return due.map((save) => (after?.failed.includes(save) ? { failure: `node ${node.port} ${cannot[save]}` } : {}));
}

const cannot: Readonly<Record<Save, string>> = {
  BGSAVE: "can't save its data",
  BGREWRITEAOF: "can't rewrite its append-only file",
};

async function untilNoneSaves(nodes: readonly Node[], signal: AbortSignal): Promise<void> {
  for (;;) {
    const looks = await Promise.all(nodes.map((node) => look(node, signal)));
    if (!looks.some((found) => found?.saves)) return;
    await sleep(LOOK_AT_SAVE, undefined, { signal });
  }
}

async function look(node: Node, signal: AbortSignal): Promise<Persistence | undefined> {
  const info = await ask(node, signal, (client) => client.info("persistence"));
  return info === undefined ? undefined : readPersistence(info);
}

/** A node's answer; undefined where it is down. */
async function ask<T>(node: Node, signal: AbortSignal, use: (client: Redis) => Promise<T>): Promise<T | undefined> {
  const { connection } = node;
  if (connection === undefined) return undefined;
  const { client, drop } = connection;
  return answerOf(node, signal, (limited) => abortable(use(client), limited, drop));
}

/** Not there, not ready, or with another password than ours for a moment. */
const down = ["ECONNREFUSED", "ECONNRESET", "EPIPE", "LOADING", "WRONGPASS", "NOAUTH"];

/** @throws StackError `timeout`: the node stands still; what else it answers */
async function answerOf<T>(
  node: Node,
  signal: AbortSignal,
  use: (limited: AbortSignal) => Promise<T>,
): Promise<T | undefined> {
  const deadline = { who: `Redis on port ${node.port}`, timeout: PATIENCE, hint: `systemctl status ${node.unit}` };
  try {
    return await withinDeadline(deadline, signal, use);
  } catch (error) {
    const isDown = node.connection?.broken() === true || down.includes(redisCode(error) ?? "");
    if (signal.aborted || isStackError(error) || !isDown) throw error;
    node.connection?.drop();
    node.connection = undefined;
    return undefined;
  }
}
