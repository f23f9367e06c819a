import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { Machine } from "./create-machine.ts";
import { amqpLogin, postgresLogin } from "./logins.ts";
import { required } from "./required.ts";
import { event } from "./rows/postgres.ts";

/** What was acknowledged while something was done, and what was refused: nobody may count on that. */
export interface Written {
  readonly events: readonly string[];
  readonly messages: readonly string[];
  readonly refused: number;
}

/** Appends events and publishes messages, one after the other each, for as long as some work takes. */
export async function writeWhile<T>(
  machine: Machine,
  routingKey: string,
  work: () => Promise<T>,
): Promise<{ readonly written: Written; readonly result: T }> {
  const stop = new AbortController();
  const events: string[] = [];
  const messages: string[] = [];
  let refused = 0;
  const again = async (kept: string[], write: (id: string) => Promise<unknown>): Promise<void> => {
    while (!stop.signal.aborted) {
      const id = randomUUID();
      try {
        await write(id);
        kept.push(id);
      } catch {
        refused += 1;
        await sleep(50);
      }
    }
  };
  const { exchange } = required.rabbitmq;
  const text = "SELECT event_store.append($1, 'one', -1, $2)";
  const appending = again(events, async (id) =>
    machine.inside().pg({ ...(await postgresLogin(machine)), text, values: [id, event("marker")] }),
  );
  const publishing = again(messages, async (id) =>
    machine.inside().amqpPublish({ ...(await amqpLogin(machine)), exchange, routingKey, body: id }),
  );
  try {
    const result = await work();
    return { result, written: { events, messages, refused } };
  } finally {
    stop.abort();
    await Promise.all([appending, publishing]);
  }
}

/** Those of what was acknowledged that are not there any more. */
export async function lostOf(machine: Machine, written: Written, queue: string): Promise<readonly string[]> {
  const { rows } = await machine.inside().pg({
    ...(await postgresLogin(machine)),
    text: "SELECT aggregate_type FROM event_store.events WHERE aggregate_type = ANY ($1)",
    values: [written.events],
    timeout: 60_000,
  });
  const stored = new Set(rows.map((row) => String(row.aggregate_type)));
  const login = await amqpLogin(machine);
  const { messages } = await machine.inside().amqpQueue({ ...login, queue });
  const got = await machine.inside().amqpConsume({ ...login, queue, count: messages, settle: "ack", timeout: 60_000 });
  const bodies = new Set(got.map(({ body }) => body));
  return [
    ...written.events.filter((id) => !stored.has(id)).map((id) => `event ${id}`),
    ...written.messages.filter((id) => !bodies.has(id)).map((id) => `message ${id}`),
  ];
}
