import { randomUUID } from "node:crypto";
import { StackError } from "../../lib/error.ts";
import { waitFor } from "../../lib/wait.ts";
import type { Machine } from "./create-machine.ts";
import { amqpLogin, postgresLogin, redisLogin } from "./logins.ts";
import { required, serviceNames, serviceQueue } from "./required.ts";

/** Each part's first success after a start, and the last of them, in milliseconds. */
export type HealthyAfter = Readonly<Record<keyof typeof proofs | "all", number>>;

/** Milliseconds a single attempt may take; a server that doesn't answer yet is asked again. */
const ATTEMPT = 5_000;
/** Milliseconds between two attempts: more often, and the clients take a fifth of a core from what they measure. */
const INTERVAL = 50;

/**
 * Waits for the stack's first real work, by clients of the test's own and not by the agent's
 * word: an event appended, a SET on every Redis node, a message published and consumed, every
 * service's and the agent's /health.
 *
 * @param startedAt performance.now() just before the container's start.
 * @throws StackError `timeout`, with what the part last failed by as its cause.
 */
export async function healthyAfter(machine: Machine, startedAt: number, timeout = 180_000): Promise<HealthyAfter> {
  const names = Object.keys(proofs) as (keyof typeof proofs)[];
  const times = await Promise.all(
    names.map(async (name) => {
      const prove = proofs[name];
      await waitFor(() => prove(machine).then(() => true), { what: `${name} to work`, timeout, interval: INTERVAL });
      return [name, Math.round(performance.now() - startedAt)] as const;
    }),
  );
  const each = Object.fromEntries(times) as Record<keyof typeof proofs, number>;
  return { ...each, all: Math.max(...times.map(([, time]) => time)) };
}

/** One piece of real work for each part; throws until the part can do it. */
export const proofs = { postgres, redis, rabbitmq, services, agent } as const;

async function postgres(machine: Machine): Promise<void> {
  const event = JSON.stringify([{ event_type: "probe", event_data: { from: "test" } }]);
  await machine.inside().pg({
    ...(await postgresLogin(machine)),
    text: "SELECT global_position FROM event_store.append('probe', $1, -1, $2)",
    values: [randomUUID(), event],
    timeout: ATTEMPT,
  });
}

async function redis(machine: Machine): Promise<void> {
  const login = await redisLogin(machine);
  await Promise.all(required.redis.ports.map((port) => setOnNode(machine, port, login)));
}

/** A SET that this very node takes: with a key of one of its own slots. */
async function setOnNode(machine: Machine, port: number, login: { readonly password?: string }): Promise<void> {
  const call = (...command: (string | number)[]): Promise<unknown> =>
    machine.inside().redis({ ...login, port, command, timeout: ATTEMPT });
  for (let attempt = 0; attempt < 100; attempt += 1) {
    try {
      const value = randomUUID();
      const key = `probe:${attempt}`;
      await call("SET", key, value, "EX", 60);
      if ((await call("GET", key)) === value) return;
    } catch (error) {
      if (!(error instanceof Error) || !error.message.startsWith("MOVED")) throw error;
    }
  }
  throw new StackError("no-slot", `Redis node ${port} takes no key`);
}

async function rabbitmq(machine: Machine): Promise<void> {
  const login = await amqpLogin(machine);
  const { exchange } = required.rabbitmq;
  const body = randomUUID();
  const client = machine.inside();
  await client.amqpPublish({ ...login, exchange, routingKey: "broker.probe", body, timeout: ATTEMPT });
  // Both queues bound to it, so that no probe stays behind.
  for (const name of ["broker-gateway", "event-bus"] as const) {
    const request = { ...login, queue: serviceQueue(name), settle: "ack", timeout: ATTEMPT } as const;
    // An attempt that failed half way may have left its message in front of this one's.
    for (let found = ""; found !== body; ) {
      const [message] = await client.amqpConsume({ ...request, count: 1 });
      if (message === undefined) throw new StackError("not-delivered", `the message came not out of ${request.queue}`);
      found = message.body;
    }
  }
}

async function services(machine: Machine): Promise<void> {
  await Promise.all(serviceNames.map((name) => answers200(machine, required.services[name].port)));
}

async function agent(machine: Machine): Promise<void> {
  await answers200(machine, required.agent.port);
}

async function answers200(machine: Machine, port: number): Promise<void> {
  const answer = await machine.inside().http({ url: `http://127.0.0.1:${port}/health`, timeout: ATTEMPT });
  if (answer.status !== 200) {
    throw new StackError("not-healthy", `port ${port} /health says ${answer.status}: ${answer.body.slice(0, 300)}`);
  }
}
