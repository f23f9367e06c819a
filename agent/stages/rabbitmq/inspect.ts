import { isErrno, isStackError } from "../../../lib/error.ts";
import type { Definitions } from "../../../stack/components/rabbitmq/definitions.ts";
import type { RabbitmqModel } from "../../../stack/model.ts";
import { management } from "../../clients/management.ts";
import type { Eyes } from "../../engine/eyes.ts";
import type { Held, HeldDefinitions, HeldUser } from "./drift.ts";
import { type LeaderlessQueue, leaderlessQueues } from "./raft-logs.ts";

const LOOK_TIMEOUT = 10_000;

export interface Broker extends HeldDefinitions {
  /** All quorum queues have ended, as they do when their log can't be written; only a start brings them back. */
  readonly ended: boolean;
  readonly leaderless: readonly LeaderlessQueue[];
}

/** `down`: not there, or not answering yet; `refused`: not with the administrator's password we know. */
export type BrokerFacts = Broker | "down" | "refused";

/** Asks the broker what it holds, as the administrator, and looks at its queues' logs. */
export async function inspectBroker(
  eyes: Pick<Eyes, "withSecret" | "secretMatches" | "names" | "readText">,
  rabbitmq: RabbitmqModel,
  wanted: Definitions,
  signal: AbortSignal,
): Promise<BrokerFacts> {
  const ended = AbortSignal.any([signal, AbortSignal.timeout(LOOK_TIMEOUT)]);
  try {
    const ask = (path: string) =>
      eyes.withSecret("rabbitmq.admin", (password) =>
        management({ port: rabbitmq.managementPort, user: rabbitmq.adminUser, password }, "GET", path, {
          signal: ended,
        }),
      );
    const held = await readDefinitions(await ask("/definitions"), wanted, eyes);
    const queues = await ask("/queues?disable_stats=true&columns=type,online");
    return { ...held, ended: allEnded(queues), leaderless: await leaderlessQueues(eyes) };
  } catch (error) {
    signal.throwIfAborted();
    if (isStackError(error) && ["management-refused", "secret-missing"].includes(error.code)) return "refused";
    if (ended.aborted || isErrno(error, "ECONNREFUSED", "ECONNRESET")) return "down";
    throw error;
  }
}

async function readDefinitions(
  answer: unknown,
  wanted: Definitions,
  eyes: Pick<Eyes, "secretMatches">,
): Promise<HeldDefinitions> {
  const list = (kind: string): readonly Held[] => {
    const value: unknown = isRecord(answer) ? answer[kind] : undefined;
    return Array.isArray(value) ? value.filter(isRecord) : [];
  };
  const user = async (held: Held): Promise<HeldUser> => {
    const secret = wanted.users.find(({ name }) => name === held.name)?.secret;
    const hash = String(held.password_hash ?? "");
    return {
      name: String(held.name),
      tags: tags(held.tags),
      passwordMatches: secret !== undefined && (await eyes.secretMatches(secret, hash)),
    };
  };
  return {
    users: await Promise.all(list("users").map(user)),
    vhosts: list("vhosts"),
    permissions: list("permissions"),
    policies: list("policies"),
    exchanges: list("exchanges"),
    queues: list("queues"),
    bindings: list("bindings"),
  };
}

/** Quorum queues' members that run are listed as `online`. */
function allEnded(queues: unknown): boolean {
  const quorum = Array.isArray(queues) ? queues.filter((queue) => isRecord(queue) && queue.type === "quorum") : [];
  return quorum.length > 0 && quorum.every(({ online }) => Array.isArray(online) && online.length === 0);
}

/** A list since 3.9, words with commas before. */
function tags(value: unknown): string[] {
  if (Array.isArray(value)) return value.map(String);
  return typeof value === "string" ? value.split(",").filter((tag) => tag !== "") : [];
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
