import { randomUUID } from "node:crypto";
import type { ConfirmChannel, Message } from "amqplib";
import { messageOf } from "../../lib/error.ts";
import type { Model } from "../../stack/model.ts";
import { abortable } from "../clients/abortable.ts";
import { type AmqpConnection, openAmqp } from "../clients/amqp.ts";
import type { Check, CheckContext, OpenCheck, Outcome } from "./check.ts";

/** RabbitMQ takes a persistent message, confirms it, and gives it back from a quorum queue. */
export function rabbitmqCheck(model: Model): Check {
  return { name: "rabbitmq:roundtrip", component: "rabbitmq", open: (context) => openCheck(model, context) };
}

/** A connection, and a channel that consumes the check queue. */
interface Line {
  readonly connection: AmqpConnection;
  readonly channel: ConfirmChannel;
  broken: boolean;
  /** Called with the id of each message that comes. */
  receive: (id: string) => void;
  /** Called when no more can come. */
  fail: (why: Error) => void;
}

function openCheck({ rabbitmq }: Model, context: CheckContext): OpenCheck {
  let line: Line | undefined;
  const drop = (): void => {
    line?.connection.drop();
    line = undefined;
  };

  const connect = async (signal: AbortSignal): Promise<Line | Outcome> => {
    if (line !== undefined && !line.broken && !line.connection.broken()) return line;
    drop();
    const password = await context.secret("rabbitmq.agent");
    if (password === undefined || rabbitmq === undefined) {
      return { status: "fail", code: "starting", message: "the secret rabbitmq.agent is not there yet" };
    }
    const { port, vhost, agentUser: user, checkQueue } = rabbitmq;
    const connection = await openAmqp({ port, vhost, user, password }, signal);
    try {
      line = await abortable(consume(connection, checkQueue), signal, connection.drop);
    } catch (error) {
      connection.drop();
      throw error;
    }
    return line;
  };

  return {
    async run(signal) {
      try {
        const open = await connect(signal);
        if ("status" in open) return open;
        const alarm = open.connection.blocked();
        if (alarm !== undefined) return blocked(alarm);
        await abortable(roundtrip(open, rabbitmq?.checkQueue ?? ""), signal, drop);
        return { status: "pass", code: "ok" };
      } catch (error) {
        const alarm = line?.connection.blocked();
        drop();
        return alarm === undefined ? failure(error, signal) : blocked(alarm);
      }
    },
    async close() {
      const open = line;
      line = undefined;
      await open?.connection.close();
    },
  };
}

async function consume(connection: AmqpConnection, queue: string): Promise<Line> {
  const channel = await connection.model.createConfirmChannel();
  const line: Line = { connection, channel, broken: false, receive: () => {}, fail: () => {} };
  const note = (why: Error): void => {
    line.broken = true;
    line.fail(why);
  };
  channel.on("error", note);
  channel.on("close", () => note(new Error("the channel was closed")));
  channel.on("return", () => note(new Error("404: no queue takes the message")));
  await channel.consume(queue, (message: Message | null) => {
    // Null: the broker has cancelled the consumer, e.g. because the queue was deleted.
    if (message === null) note(new Error(`404: queue ${queue} was deleted`));
    else {
      channel.ack(message);
      line.receive(String(message.properties.messageId));
    }
  });
  return line;
}

/** Publishes one message and waits until it is confirmed and has come back. Older ones are taken on the way. */
async function roundtrip(line: Line, queue: string): Promise<void> {
  const id = randomUUID();
  const back = new Promise<void>((resolve, reject) => {
    line.receive = (received) => {
      if (received === id) resolve();
    };
    line.fail = reject;
  });
  const confirmed = new Promise<void>((resolve, reject) => {
    const options = { persistent: true, mandatory: true, messageId: id };
    line.channel.publish(queue, queue, Buffer.alloc(0), options, (error: unknown) =>
      error ? reject(error) : resolve(),
    );
  });
  await Promise.all([back, confirmed]);
}

/** https://www.rabbitmq.com/docs/alarms: `low on memory`, `low on disk`, or both. */
function blocked(reason: string): Outcome {
  const code = reason.includes("disk") ? "disk-alarm" : reason.includes("memory") ? "memory-alarm" : "blocked";
  return { status: "fail", code, message: `the broker holds back publishers: ${reason}` };
}

function failure(error: unknown, signal: AbortSignal): Outcome {
  return { status: "fail", code: signal.aborted ? "timeout" : codeOf(error), message: messageOf(error) };
}

/** AMQP's reply code (403 access refused, 404 not found), or the system's, as our word. */
function codeOf(error: unknown): string {
  const text = error instanceof AggregateError ? messageOf(error.errors[0]) : messageOf(error);
  if (text.includes("ECONNREFUSED")) return "refused";
  if (/ACCESS[-_]REFUSED|403/.test(text)) return "auth";
  if (/NOT[-_]FOUND|404/.test(text)) return "no-queue";
  if (/ECONNRESET|closed|CONNECTION[-_]FORCED/i.test(text)) return "reset";
  return "error";
}
