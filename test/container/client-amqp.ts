import { type Channel, type ChannelModel, connect, type GetMessage, type Message } from "amqplib";
import { StackError } from "../../lib/error.ts";
import type { AmqpLogin, AmqpMessage, ClientOps, Settle } from "./client-ops.ts";
import { withDeadline } from "./deadline.ts";

type Op<K extends keyof ClientOps> = (args: ClientOps[K]["args"]) => Promise<ClientOps[K]["result"]>;
type AmqpOp = "amqpPublish" | "amqpConsume" | "amqpGet" | "amqpQueue";

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

  return {
    amqpPublish: async ({ exchange, routingKey, body, timeout, ...login }) => {
      const channel = await (await connection(login, timeout)).createConfirmChannel();
      channel.on("error", () => {});
      const published = new Promise<null>((resolve, reject) => {
        const unroutable = `no queue takes ${routingKey} from exchange ${exchange}`;
        channel.once("return", () => reject(new StackError("unroutable", unroutable)));
        channel.once("error", reject);
        const sent = { persistent: true, mandatory: true };
        channel.publish(exchange, routingKey, Buffer.from(body), sent, (error) =>
          error ? reject(error) : resolve(null),
        );
      });
      return withDeadline(published, timeout, () => {}).finally(() => shut(channel));
    },
    amqpGet: async ({ queue, settle, timeout, ...login }) => {
      const channel = await quietChannel(await connection(login, timeout));
      const got = async (): Promise<AmqpMessage | null> => {
        const message = await channel.get(queue, { noAck: false });
        if (message === false) return null;
        settleWith(channel, message, settle);
        return plain(message);
      };
      return withDeadline(got(), timeout, () => {}).finally(() => shut(channel));
    },
    amqpConsume: async ({ queue, count, settle, timeout = 10_000, ...login }) => {
      const channel = await quietChannel(await connection(login, timeout));
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
          .then(() => channel.consume(queue, take), reject)
          .catch(reject);
      });
      const over = new Promise<void>((resolve) => setTimeout(resolve, timeout).unref());
      return Promise.race([consumed, over])
        .then(() => messages)
        .finally(() => shut(channel));
    },
    amqpQueue: async ({ queue, timeout, ...login }) => {
      const channel = await quietChannel(await connection(login, timeout));
      const looked = channel.checkQueue(queue).then(({ messageCount, consumerCount }) => ({
        messages: messageCount,
        consumers: consumerCount,
      }));
      return withDeadline(looked, timeout, () => {}).finally(() => shut(channel));
    },
  };
}

/** A channel whose errors reach only the operation that caused them. */
async function quietChannel(connection: ChannelModel): Promise<Channel> {
  const channel = await connection.createChannel();
  channel.on("error", () => {});
  return channel;
}

async function shut(channel: Channel): Promise<void> {
  // A channel the broker closed can't be closed again.
  await channel.close().catch(() => {});
}

function settleWith(channel: Channel, message: Message, settle: Settle): void {
  if (settle === "ack") channel.ack(message);
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
