import { Agent, request } from "undici";
import { isStackError, StackError } from "../../lib/error.ts";
import { waitFor } from "../../lib/wait.ts";
import { type HealthDocument, healthDocument } from "../../stack/documents/health.ts";
import type { Node } from "../node/node.ts";

export interface ReadyWait {
  readonly vmid: number;
  /** The agent's port. */
  readonly port: number;
  readonly bridge: string;
  readonly dhcp: boolean;
  /** Milliseconds for the whole. */
  readonly timeout: number;
  readonly signal: AbortSignal;
  /** How it stands, when that changes. */
  readonly onLine: (line: string) => void;
}

export interface Ready {
  readonly address: string;
  readonly health: HealthDocument;
}

/** A lease takes seconds where there is a DHCP server. */
const leasePatience = 60_000;

/**
 * Waits until the container has an address and its agent says that all of the stack works.
 *
 * @throws StackError `no-address`, `not-reachable`, `not-healthy`, `aborted`
 */
export async function waitReady(node: Node, wait: ReadyWait): Promise<Ready> {
  const until = Date.now() + wait.timeout;
  const address = await waitAddress(node, wait);
  wait.onLine(`address ${address}`);
  const agent = new Agent({ connect: { timeout: 3000 } });
  let told = "";
  let last: HealthDocument | undefined;
  try {
    const health = await waitFor(
      async (signal) => {
        const found = await ask(agent, `http://${address}:${wait.port}/readyz`, signal);
        last = found.document;
        const line = standing(found.document);
        if (line !== told) wait.onLine(line);
        told = line;
        return found.ready ? found.document : undefined;
      },
      {
        what: `http://${address}:${wait.port}/readyz`,
        timeout: Math.max(1, until - Date.now()),
        interval: 250,
        signal: wait.signal,
      },
    );
    return { address, health };
  } catch (error) {
    if (!isStackError(error) || error.code !== "timeout") throw error;
    throw last === undefined ? notReachable(wait, address, error.cause) : notHealthy(wait, last);
  } finally {
    await agent.close();
  }
}

/** The answer of `/readyz` as it is now; undefined where there is none. */
export async function readyNow(
  node: Node,
  vmid: number,
  port: number,
  signal: AbortSignal,
): Promise<Ready | undefined> {
  const [address] = await node.addresses(vmid);
  if (address === undefined) return undefined;
  const agent = new Agent({ connect: { timeout: 3000 } });
  try {
    const { ready, document } = await ask(agent, `http://${address}:${port}/readyz`, signal);
    return ready ? { address, health: document } : undefined;
  } catch {
    return undefined;
  } finally {
    await agent.close();
  }
}

async function ask(dispatcher: Agent, url: string, signal: AbortSignal) {
  const stop = AbortSignal.any([signal, AbortSignal.timeout(5000)]);
  const { statusCode, body } = await request(url, { dispatcher, signal: stop });
  const document = healthDocument.parse(await body.json());
  return { ready: statusCode === 200, document };
}

async function waitAddress(node: Node, { vmid, bridge, dhcp, timeout, signal }: ReadyWait): Promise<string> {
  try {
    return await waitFor(async () => (await node.addresses(vmid))[0], {
      what: `an address of container ${vmid}`,
      timeout: Math.min(leasePatience, timeout),
      interval: 500,
      signal,
    });
  } catch (error) {
    if (!isStackError(error) || error.code !== "timeout") throw error;
    throw new StackError("no-address", `container ${vmid} runs, but its eth0 has no address`, {
      cause: error.cause,
      hint: dhcp
        ? `is there a DHCP server on bridge ${bridge}? A fixed address: pct set ${vmid} --net0 name=eth0,bridge=${bridge},ip=10.1.1.120/24,gw=10.1.1.1, then the same command again`
        : `look inside: pct exec ${vmid} -- journalctl --unit networking`,
    });
  }
}

function standing({ stage, components }: HealthDocument): string {
  if (stage !== undefined) return `stage ${stage}`;
  const waiting = components.filter(({ status }) => status === "fail").map(({ name }) => name);
  return waiting.length === 0 ? "all answers" : `waits for ${waiting.join(", ")}`;
}

function notReachable({ vmid, port }: ReadyWait, address: string, cause: unknown): StackError {
  return new StackError("not-reachable", `container ${vmid} runs, but ${address}:${port} does not answer from here`, {
    cause,
    hint: `is ${address} in a network that this machine reaches? On the node: pct exec ${vmid} -- stack-agent status --wait`,
  });
}

function notHealthy({ vmid }: ReadyWait, { components }: HealthDocument): StackError {
  return new StackError("not-healthy", `container ${vmid} runs, but not all of it works in time`, {
    detail: components.filter(({ status }) => status === "fail").map(({ name, code }) => `${name}: ${code}`),
    hint: `on the node: pct exec ${vmid} -- stack-agent status; the same command waits again, --timeout waits longer`,
  });
}
