import { type Channel, type ChannelModel, type ConfirmChannel, connect, type GetMessage, type Message } from "amqplib";
import { StackError } from "../../lib/error.ts";
import type { AmqpLogin, AmqpMessage, ClientOps, Deadline, Settle } from "./client-ops.ts";
import { withDeadline } from "./deadline.ts";

type Op<K extends keyof ClientOps> = (args: ClientOps[K]["args"]) => Promise<ClientOps[K]["result"]>;
type AmqpOp = "amqpPublish" | "amqpConsume" | "amqpGet" | "amqpMisuse" | "amqpQueue";

/** RabbitMQ on the namespace's loopback: connections are kept, each operation has a channel of its own. */
export function amqpOps(): { [K in AmqpOp]: Op<K> } {
  const connections = new Map<string, Promise<ChannelModel>>();

  const connection = ({ port = 5672, user, password, vhost }: AmqpLogin, timeout?: number): Promise<ChannelModel> => {
    const key = JSON.stringify([port, user, password, vhost]);
    const forget = (): void => {
      connections.delete(key);
    };
    const login = { protocol: "amqp", hostname: "127.0.0.1", port, username: user, password, vhost };
    const open =
      connections.get(key) ??
      connect(login, { timeout: timeout ?? 10_000 }).then((made) => {
        made.on("error", forget);
        made.on("close", forget);
        return made;
      });
    connections.set(key, open);
    open.catch(forget);
    return open;
  };

  /** Works on a channel of its own; a broker that doesn't answer in time loses the connection. */
  const withChannel = async <T>(
    { timeout, ...login }: AmqpLogin & Deadline,
    kind: "createChannel" | "createConfirmChannel",
    work: (channel: ConfirmChannel) => Promise<T>,
    milliseconds = timeout,
  ): Promise<T> => {
    let opened: ChannelModel | undefined;
    const done = async (): Promise<T> => {
      opened = await connection(login, timeout);
      const channel = (await opened[kind]()) as ConfirmChannel;
      // A channel's errors reach only the operation that caused them.
      channel.on("error", () => {});
      try {
        return await work(channel);
      } finally {
        // A channel the broker closed can't be closed again.
        await channel.close().catch(() => {});
      }
    };
    return withDeadline(done(), milliseconds, () => {
      // A broker that blocks its publishers answers nothing, a closing handshake neither.
      if (opened !== undefined) socketOf(opened)?.destroy();
    });
  };

  return {
    amqpPublish: ({ exchange, routingKey, body, ...login }) =>
      withChannel(login, "createConfirmChannel", (channel) => {
        const unroutable = `no queue takes ${routingKey} from exchange ${exchange}`;
        return new Promise<null>((resolve, reject) => {
          channel.once("return", () => reject(new StackError("unroutable", unroutable)));
          channel.once("error", reject);
          const sent = { persistent: true, mandatory: true };
          channel.publish(exchange, routingKey, Buffer.from(body), sent, (error) =>
            error ? reject(error) : resolve(null),
          );
        });
      }),
    amqpGet: ({ queue, settle, ...login }) =>
      withChannel(login, "createChannel", async (channel) => {
        const message = await channel.get(queue, { noAck: false });
        if (message === false) return null;
        settleWith(channel, message, settle);
        return plain(message);
      }),
    amqpConsume: ({ queue, count, settle, offset, timeout = 10_000, ...login }) =>
      withChannel(
        { timeout, ...login },
        "createChannel",
        async (channel) => {
          const messages: AmqpMessage[] = [];
          const consumed = new Promise<void>((resolve, reject) => {
            channel.once("error", reject);
            const take = (message: Message | null): void => {
              if (message === null) {
                reject(new StackError("cancelled", `the broker cancelled the consumer of ${queue}`));
                return;
              }
              if (messages.length === count) return;
              messages.push(plain(message));
              settleWith(channel, message, settle);
              if (messages.length === count) resolve();
            };
            channel
              .prefetch(count)
              .then(() => channel.consume(queue, take, offset && { arguments: { "x-stream-offset": offset } }), reject)
              .catch(reject);
          });
          const over = new Promise<void>((resolve) => setTimeout(resolve, timeout).unref());
          await Promise.race([consumed, over]);
          return messages;
        },
        // Time being up is no failure here, only no answer is.
        timeout + 5_000,
      ),
    amqpMisuse: async ({ how, exchange, value, timeout, ...login }) => {
      // A connection of its own: one of these ends it.
      const opened = await connect({ protocol: "amqp", hostname: "127.0.0.1", username: login.user, ...login });
      const channel = await opened.createChannel();
      const told = new Promise<string>((resolve) => {
        for (const one of [opened, channel]) one.on("error", (error: Error) => resolve(error.message));
        opened.on("close", () => resolve("closed"));
      });
      const body = Buffer.from(value);
      if (how === "expiration") channel.publish(exchange, value, body, { expiration: value });
      else if (how === "user") channel.publish(exchange, value, body, { userId: value });
      else if (how === "exchange") channel.publish(value, value, body);
      else (socketOf(opened) as unknown as { write(bytes: Buffer): void }).write(body);
      return withDeadline(told, timeout, () => socketOf(opened)?.destroy()).finally(() =>
        opened.close().catch(() => {}),
      );
    },
    amqpQueue: ({ queue, ...login }) =>
      withChannel(login, "createChannel", async (channel) => {
        const { messageCount, consumerCount } = await channel.checkQueue(queue);
        return { messages: messageCount, consumers: consumerCount };
      }),
  };
}

/** amqplib keeps the connection's socket, and its types leave it out. */
function socketOf({ connection }: ChannelModel | Channel): { destroy(error?: Error): void } | undefined {
  return (connection as unknown as { readonly stream?: { destroy(error?: Error): void } }).stream;
}

function settleWith(channel: Channel, message: Message, settle: Settle): void {
  // Without an error amqplib would not notice.
  if (settle === "crash") socketOf(channel)?.destroy(new Error("crashed, as it was asked to"));
  else if (settle === "ack") channel.ack(message);
  else channel.nack(message, false, settle === "requeue");
}

function plain(message: Message | GetMessage): AmqpMessage {
  return {
    body: message.content.toString(),
    exchange: message.fields.exchange,
    routingKey: message.fields.routingKey,
    headers: message.properties.headers ?? {},
    persistent: message.properties.deliveryMode === 2,
  };
}
