import { setTimeout as sleep } from "node:timers/promises";
import { Agent, request } from "undici";
import { isStackError, StackError } from "../../lib/error.ts";
import { urlOf } from "../../lib/url-of.ts";
import { waitFor } from "../../lib/wait.ts";
import { type HealthDocument, healthDocument } from "../../stack/documents/health.ts";
import { provisionComponent } from "../../stack/health-groups.ts";
import type { Node } from "../node/node.ts";
import { type AddressWait, findAddresses, waitAddresses } from "./addresses.ts";
import type { FoundAddresses } from "./found-addresses.ts";

export interface ReadyWait extends AddressWait {
  /** The agent's port. */
  readonly port: number;
  /** Of a cluster's machine: that it waits to become a member is an end, too. */
  readonly clustered?: boolean;
}

export interface Ready extends FoundAddresses {
  /** Of those that answer the first: what is asked for comes before what is there beside it, IPv4 before IPv6. */
  readonly address: string;
  readonly health: HealthDocument;
}

/** Milliseconds that an address has to answer after one that comes behind it in the list. */
const grace = 1000;

/** Milliseconds between two looks for addresses that came later, while none answers. */
const lookAgain = 5000;

/**
 * Waits until the container has its addresses, of either family at least, and its agent, at any of
 * them, says that all of the stack works.
 *
 * @throws StackError `no-address`, `not-reachable`, `not-healthy`, `aborted`
 */
export async function waitReady(node: Node, wait: ReadyWait): Promise<Ready> {
  const until = Date.now() + wait.timeout;
  let found = await waitAddresses(node, wait);
  const findAgain = async (): Promise<void> => {
    const now = await findAddresses(node, wait).catch(() => found);
    if (now.addresses.length > 0) found = now;
  };
  let looked = Date.now();
  let told = "";
  let last: Answer | undefined;
  let at: string | undefined;
  const agent = new Agent({ connect: { timeout: 3000 } });
  const look = async (signal: AbortSignal): Promise<Answer | undefined> => {
    try {
      // Who has answered once is asked alone: of two families one may lead nowhere from here.
      last = await ask(agent, at === undefined ? found.addresses : [at], wait.port, signal);
      at = last.address;
    } catch (error) {
      at = undefined;
      if (Date.now() - looked > lookAgain) {
        looked = Date.now();
        await findAgain();
      }
      throw error;
    }
    const line = standing(last.document);
    if (line !== told) wait.onLine(line);
    told = line;
    return last.ready || (wait.clustered && isNoMember(last.document)) ? last : undefined;
  };
  try {
    const answer = await waitFor(look, {
      what: urlOf(found.addresses[0] ?? "", wait.port, "/readyz"),
      timeout: Math.max(1, until - Date.now()),
      interval: 250,
      signal: wait.signal,
    });
    await findAgain();
    // Who was the first to answer while all began was chance.
    const { address } = await ask(agent, found.addresses, wait.port, wait.signal).catch(() => answer);
    return { ...found, address, health: answer.document };
  } catch (error) {
    if (!isStackError(error) || error.code !== "timeout") throw error;
    throw last === undefined ? notReachable(wait, found.addresses, error.cause) : notHealthy(wait, last.document);
  } finally {
    await agent.close();
  }
}

/** The answer of `/readyz` as it is now; undefined where there is none. */
export async function readyNow(
  node: Node,
  wait: Pick<ReadyWait, "vmid" | "port" | "network" | "signal" | "clustered">,
): Promise<Ready | undefined> {
  const found = await findAddresses(node, wait);
  if (found.addresses.length === 0) return undefined;
  const agent = new Agent({ connect: { timeout: 3000 } });
  try {
    const { ready, address, document } = await ask(agent, found.addresses, wait.port, wait.signal);
    const isEnd = ready || (wait.clustered && isNoMember(document));
    return isEnd ? { ...found, address, health: document } : undefined;
  } catch {
    return undefined;
  } finally {
    await agent.close();
  }
}

/** Whether the machine waits for `stack-agent cluster init` or `join`. */
export function isNoMember({ components }: HealthDocument): boolean {
  return components.some(({ name, code }) => name === provisionComponent && code === "not-a-member");
}

interface Answer {
  readonly address: string;
  readonly ready: boolean;
  readonly document: HealthDocument;
}

/**
 * The first in the list of those that answer: an earlier one than the first to do so is waited for,
 * a second longer.
 *
 * @throws the first one's error where none does
 */
async function ask(
  dispatcher: Agent,
  addresses: readonly string[],
  port: number,
  signal: AbortSignal,
): Promise<Answer> {
  const enough = new AbortController();
  const stop = AbortSignal.any([signal, enough.signal, AbortSignal.timeout(5000)]);
  const each = addresses.map(async (address) => {
    const { statusCode, body } = await request(urlOf(address, port, "/readyz"), { dispatcher, signal: stop });
    const document = healthDocument.parse(await body.json());
    return { address, ready: statusCode === 200, document };
  });
  try {
    const first = await Promise.any(each);
    const before = each.slice(0, addresses.indexOf(first.address));
    const late = sleep(grace, undefined, { signal: stop }).catch(() => undefined);
    for (const one of before) {
      const answer = await Promise.race([one.catch(() => undefined), late]);
      if (answer !== undefined) return answer;
    }
    return first;
  } catch (error) {
    throw error instanceof AggregateError ? error.errors[0] : error;
  } finally {
    enough.abort();
  }
}

function standing({ stage, components }: HealthDocument): string {
  if (stage !== undefined) return `stage ${stage}`;
  const waiting = components.filter(({ status }) => status === "fail").map(({ name }) => name);
  return waiting.length === 0 ? "all answers" : `waits for ${waiting.join(", ")}`;
}

function notReachable({ vmid, port }: ReadyWait, addresses: readonly string[], cause: unknown): StackError {
  const where = addresses.join(" and ");
  return new StackError(
    "not-reachable",
    `container ${vmid} runs, but port ${port} of ${where} does not answer from here`,
    {
      cause,
      hint: `is ${where} in a network that this machine reaches? On the node: pct exec ${vmid} -- stack-agent status --wait`,
    },
  );
}

function notHealthy({ vmid }: ReadyWait, { components }: HealthDocument): StackError {
  return new StackError("not-healthy", `container ${vmid} runs, but not all of it works in time`, {
    detail: components.filter(({ status }) => status === "fail").map(({ name, code }) => `${name}: ${code}`),
    hint: `on the node: pct exec ${vmid} -- stack-agent status; the same command waits again, --timeout waits longer`,
  });
}
