import type { FactReader } from "../../../engine/facts/fact-reader.ts";
import { isErrno, isStackError } from "../../../lib/error.ts";
import type { Definitions } from "../../../stack/components/rabbitmq/definitions.ts";
import type { RabbitmqModel } from "../../../stack/components/rabbitmq/model.ts";
import type { Held, HeldDefinitions, HeldUser } from "./definitions-drift.ts";
import { type LeaderlessQueue, lookAtQueues } from "./look-at-queues.ts";
import { management } from "./management.ts";

const LOOK_TIMEOUT = 10_000;

export interface Broker extends HeldDefinitions {
  /** Or why that can't be seen. */
  readonly leaderless: readonly LeaderlessQueue[] | { readonly unseen: string };
  /** Streams that are declared and not there, beside those of the stack; missing where that can't be seen. */
  readonly absentStreams?: number;
}

/**
 * `down`: not there, or not answering yet; `ended`: it can't go on without a start;
 * `refused`: not with the administrator's password we know.
 */
export type BrokerFacts = Broker | "down" | "ended" | "refused";

/** Asks the broker what it holds, as the administrator, and which of its queues are led. */
export async function inspectBroker(
  reader: Pick<FactReader, "run" | "withSecret" | "secretMatches">,
  rabbitmq: RabbitmqModel,
  wanted: Definitions,
  signal: AbortSignal,
): Promise<BrokerFacts> {
  const deadline = AbortSignal.any([signal, AbortSignal.timeout(LOOK_TIMEOUT)]);
  const { managementPort: port, adminUser: user } = rabbitmq;
  try {
    const exported = await reader
      .withSecret("rabbitmq.admin", (password) =>
        management({ port, user, password }, "GET", "/definitions", { signal: deadline }),
      )
      .catch(refusedIfSo);
    const queues = await lookAtQueues(reader.run, deadline).catch(whyUnseen);
    if (queues === "ended" || exported === refused) return queues === "ended" ? queues : refused;
    const definitions = await readDefinitions(exported, wanted, reader);
    return { ...definitions, ...("unseen" in queues ? { leaderless: queues } : queues) };
  } catch (error) {
    signal.throwIfAborted();
    if (deadline.aborted || isErrno(error, "ECONNREFUSED", "ECONNRESET")) return "down";
    throw error;
  }
}

const refused = "refused";

function refusedIfSo(error: unknown): typeof refused {
  if (isStackError(error) && ["management-refused", "secret-missing"].includes(error.code)) return refused;
  throw error;
}

/** It stops just now, it runs with another cookie than the file's, or it isn't as those we know. */
function whyUnseen(error: unknown): { readonly unseen: string } {
  if (!isStackError(error) || !["broker-silent", "broker-eval"].includes(error.code)) throw error;
  return { unseen: [error.message, ...error.detail.slice(0, 1)].join(": ") };
}

/** What the management API exports, users with whether their passwords are the secrets. */
export async function readDefinitions(
  answer: unknown,
  wanted: Definitions,
  reader: Pick<FactReader, "secretMatches">,
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
      passwordMatches: secret !== undefined && (await reader.secretMatches(secret, hash)),
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

/** A list since 3.9, words with commas before. */
function tags(value: unknown): string[] {
  if (Array.isArray(value)) return value.map(String);
  return typeof value === "string" ? value.split(",").filter((tag) => tag !== "") : [];
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
