import type { Socket } from "node:net";
import type { Readable, Writable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import type { Channel, ConfirmChannel, Message } from "amqplib";
import type { HandoverOptions, Moved } from "../../../engine/agent-part.ts";
import { readRecords, writeEnd, writeRecord } from "../../../engine/records.ts";
import { StackError } from "../../../lib/error.ts";
import { adminLogin } from "./admin-login.ts";
import { type AmqpConnection, openAmqp } from "./amqp.ts";
import { evaluate } from "./evaluate.ts";
import { management } from "./management.ts";
import { type HeldQueue, type HeldTopology, ownBindings, type Route, routesTo } from "./routes-to.ts";

/*
 * Messages go over AMQP, by what any RabbitMQ speaks. They are taken from each queue and not acknowledged: with the end of
 * the connection all are in their queues again. Over there each is published, with confirms, by the exchange and the
 * routing key that it had, while that exchange leads to its queue alone. A shovel would acknowledge here what is there:
 * no way would lead back.
 *
 * Nobody else is let in meanwhile: the broker's listeners are suspended, which a restart of it undoes.
 */

/** Messages that are under way at once. */
const WINDOW = 200;
/** Messages that one channel may have without an acknowledgement. */
const UNACKNOWLEDGED = 50_000;
/** Milliseconds in which a queue must give its next message, and between two looks whether it has one. */
const SILENCE = 30_000;
const LOOK = 1_000;

interface QueuedMessage {
  readonly queue: string;
  readonly exchange: string;
  readonly key: string;
  readonly properties: Message["properties"];
  readonly content: Buffer;
}

export async function send(options: HandoverOptions, output: Writable): Promise<Moved> {
  const { managementPort, checkQueue, vhost } = modelOf(options);
  const login = await adminLogin(managementPort, options);
  const connection = await open(options);
  try {
    await shutOthersOut(connection, options);
    const path = `/definitions/${encodeURIComponent(vhost)}`;
    const topology = (await management(login, "GET", path, options)) as HeldTopology;
    await writeRecord(output, { queues: topology.queues, exchanges: topology.exchanges, bindings: topology.bindings });
    let messages = 0;
    const write = async ({ fields, properties, content }: Message, queue: string): Promise<void> => {
      messages += 1;
      await writeRecord(output, { queue, exchange: fields.exchange, key: fields.routingKey, properties, content });
    };
    const queues = topology.queues.filter(({ name }) => name !== checkQueue);
    const isStream = ({ arguments: settings }: HeldQueue): boolean => settings["x-queue-type"] === "stream";
    // Twice: what a consumer had may come back a moment after its connection has gone.
    for (const queue of [...queues, ...queues.filter((one) => !isStream(one))]) {
      const writeOne = (message: Message): Promise<void> => write(message, queue.name);
      for (;;) {
        const channel = await connection.model.createChannel();
        const { messageCount } = await channel.checkQueue(queue.name);
        if (messageCount === 0) break;
        await read(channel, queue.name, isStream(queue) ? { all: messageCount } : { some: messageCount }, writeOne);
        if (isStream(queue)) break;
      }
    }
    await writeEnd(output, messages + 1);
    return { messages };
  } finally {
    await connection.close();
  }
}

export async function receive(options: HandoverOptions, input: Readable): Promise<Moved> {
  const { managementPort, vhost } = modelOf(options);
  const login = await adminLogin(managementPort, options);
  const path = `/definitions/${encodeURIComponent(vhost)}`;
  const held = (await management(login, "GET", path, options)) as HeldTopology;
  const connection = await open(options);
  try {
    const channel = await connection.model.createConfirmChannel();
    let fault: Error | undefined;
    channel.on("return", ({ fields }: Message) => {
      fault ??= new Error(`no queue takes a message of ${fields.exchange} with the key ${fields.routingKey}`);
    });
    channel.on("error", (error: Error) => {
      fault ??= error;
    });
    let topology: HeldTopology | undefined;
    let routes: Routes | undefined;
    let messages = 0;
    for await (const record of readRecords<HeldTopology | QueuedMessage>(input)) {
      if (topology === undefined) {
        topology = mergeTopology(held, record as HeldTopology);
        await management(login, "POST", path, { ...options, body: JSON.stringify(topology) });
        routes = openRoutes(channel, topology);
        continue;
      }
      const message = record as QueuedMessage;
      messages += 1;
      await routes?.lead(message);
      publish(channel, message);
      if (messages % WINDOW === 0) await channel.waitForConfirms();
      if (fault !== undefined) throw fault;
    }
    await channel.waitForConfirms();
    if (fault !== undefined) throw fault;
    if (topology !== undefined) {
      await routes?.close();
      await management(login, "POST", path, { ...options, body: JSON.stringify(topology) });
    }
    return { messages };
  } catch (error) {
    if (error instanceof StackError) throw error;
    throw new StackError("messages-not-moved", `RabbitMQ does not take a message: ${String(error)}`, { cause: error });
  } finally {
    await connection.close();
  }
}

export async function end(options: HandoverOptions): Promise<void> {
  await evaluate(
    options.run,
    `${listeners(modelOf(options).managementPort)} [ranch:resume_listener(L) || L <- Refs], ok.`,
    {
      ...{ timeout: 60_000, signal: options.signal },
    },
  );
}

function modelOf({ model: { rabbitmq } }: HandoverOptions) {
  if (rabbitmq !== undefined) return rabbitmq;
  throw new StackError("no-component", "this stack has no RabbitMQ");
}

async function open(options: HandoverOptions): Promise<AmqpConnection> {
  const { port, managementPort, vhost } = modelOf(options);
  const { user, password } = await adminLogin(managementPort, options);
  return openAmqp({ port, vhost, user, password }, options.signal);
}

/** Ranch's names of what clients come by; management's own is none of them. */
function listeners(managementPort: number): string {
  return `
    Refs = [L || {acceptor, _, P} = L <- case ranch:info() of I when is_map(I) -> maps:keys(I); I -> [K || {K, _} <- I] end,
      P =/= ${managementPort}],`;
}

/** Lets nobody in, then closes every connection but this one. */
async function shutOthersOut({ model }: AmqpConnection, options: HandoverOptions): Promise<void> {
  const { localPort } = (model.connection as unknown as { stream: Socket }).stream;
  const { managementPort } = modelOf(options);
  const how = { timeout: 60_000, signal: options.signal };
  const others = `
    Own = [P || [{pid, P}, {peer_port, ${localPort}}] <- rabbit_networking:connection_info_all([pid, peer_port])],
    Others = rabbit_networking:connections() -- Own,`;
  await evaluate(
    options.run,
    `${listeners(managementPort)} [ranch:suspend_listener(L) || L <- Refs], ${others}
     [catch rabbit_networking:close_connection(P, "the stack moves into another container") || P <- Others], ok.`,
    how,
  );
  for (let look = 0; look < 100; look++) {
    const left = await evaluate(options.run, `${others} io:put_chars(integer_to_list(length(Others))), ok.`, how);
    if (left.trim() === "0") return;
    await sleep(100, undefined, { signal: options.signal });
  }
  throw new StackError("broker-busy", "RabbitMQ does not close its clients' connections", {
    hint: "rabbitmqctl list_connections; journalctl -b -u rabbitmq-server",
  });
}

/**
 * So many messages of a queue, in their order, which nobody acknowledges; or all of a stream, which stay whatever happens.
 * Some of a queue's may run out of their time meanwhile.
 */
async function read(
  channel: Channel,
  queue: string,
  count: { readonly some: number } | { readonly all: number },
  write: (message: Message) => Promise<void>,
): Promise<void> {
  const isStream = "all" in count;
  const expected = isStream ? count.all : Math.min(count.some, UNACKNOWLEDGED);
  await channel.prefetch(isStream ? WINDOW : expected);
  const waiting: Message[] = [];
  let wake: () => void = () => {};
  const listen = (message: Message | null): void => {
    if (message !== null) waiting.push(message);
    wake();
  };
  const { consumerTag } = await channel.consume(
    queue,
    listen,
    isStream ? { arguments: { "x-stream-offset": "first" } } : {},
  );
  let silence = 0;
  for (let read = 0; read < expected; ) {
    const message = waiting.shift();
    if (message !== undefined) {
      read += 1;
      silence = 0;
      await write(message);
      if (isStream) channel.ack(message);
      continue;
    }
    const { promise, resolve } = Promise.withResolvers<true>();
    wake = () => resolve(true);
    if ((await Promise.race([promise, sleep(LOOK)])) === true || waiting.length > 0) continue;
    silence += LOOK;
    if (!isStream && (await channel.checkQueue(queue)).messageCount === 0) break;
    if (silence > SILENCE) throw new StackError("queue-silent", `${queue} has ${expected} messages, and gave ${read}`);
  }
  await channel.cancel(consumerTag);
  // What came with the last look.
  if (!isStream) for (const message of waiting) await write(message);
}

/** What the broker itself notes with a message, and would take for the publisher's. */
const notes = ["x-delivery-count", "x-acquired-count", "x-stream-offset"];

function publish(channel: ConfirmChannel, { exchange, key, properties, content }: QueuedMessage): void {
  const { headers = {}, userId: _publisher, clusterId: _cluster, ...rest } = properties;
  const kept = Object.fromEntries(Object.entries(headers).filter(([name]) => !notes.includes(name)));
  channel.publish(exchange, key, content, { ...rest, headers: kept, mandatory: true });
}

/** What is here, and what only the other one has: clients' own queues among it. */
function mergeTopology(here: HeldTopology, there: HeldTopology): HeldTopology {
  const missing = <T extends { readonly name: string }>(own: readonly T[], other: readonly T[]): T[] =>
    other.filter(({ name }) => !own.some((one) => one.name === name));
  return {
    queues: [...here.queues, ...missing(here.queues, there.queues)],
    exchanges: [...here.exchanges, ...missing(here.exchanges, there.exchanges)],
    bindings: [...here.bindings, ...there.bindings],
  };
}

type Routes = ReturnType<typeof openRoutes>;

/** Has an exchange lead to the queue alone whose messages come by it. */
function openRoutes(channel: ConfirmChannel, topology: HeldTopology) {
  const cleared = new Set<string>();
  let queue: string | undefined;
  let bound: Route[] = [];
  const unbind = async (): Promise<void> => {
    for (const { exchange, key, settings } of bound) await channel.unbindQueue(queue ?? "", exchange, key, settings);
    bound = [];
  };
  return {
    async lead(message: QueuedMessage): Promise<void> {
      const { exchange } = message;
      if (exchange === "") return;
      if (message.queue !== queue) {
        await channel.waitForConfirms();
        await unbind();
        queue = message.queue;
      }
      if (!cleared.has(exchange)) {
        for (const { destination, destination_type: to, routing_key: key, arguments: settings } of ownBindings(
          topology,
          exchange,
        )) {
          await (to === "queue"
            ? channel.unbindQueue(destination, exchange, key, settings)
            : channel.unbindExchange(destination, exchange, key, settings));
        }
        cleared.add(exchange);
      }
      const route = routesTo(topology, message);
      if (bound.some((one) => one.exchange === route.exchange && one.key === route.key)) return;
      await channel.bindQueue(message.queue, route.exchange, route.key, route.settings);
      bound.push(route);
    },
    close: unbind,
  };
}
