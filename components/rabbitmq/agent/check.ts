import { Agent } from "node:http";
import { Agent as TlsAgent } from "node:https";
import { setTimeout as sleep } from "node:timers/promises";
import type { ConfirmChannel } from "amqplib";
import type { CheckContext, CheckOpener, OpenCheck, Outcome } from "../../../engine/check.ts";
import { keepFigures } from "../../../engine/keep-figures.ts";
import type { StackWith } from "../../../engine/stack-with.ts";
import { abortable } from "../../../lib/abortable.ts";
import { messageOf } from "../../../lib/error.ts";
import { type AmqpConnection, openAmqp } from "./amqp.ts";
import { readFigures } from "./read-figures.ts";

/** RabbitMQ takes a persistent message, confirms it, and gives it back from a quorum queue. */
export function rabbitmqCheck(model: StackWith<"rabbitmq">): CheckOpener {
  return (context) => openCheck(model, context);
}

/** A connection, and a channel on it. */
interface Line {
  readonly connection: AmqpConnection;
  readonly channel: ConfirmChannel;
  /** Why the channel is of no more use. */
  broken: Error | undefined;
}

/** Milliseconds between two looks into an empty queue: another check's client took what was there. */
const LOOK_AGAIN = 20;

const nothing = Buffer.alloc(0);

const kept = { keepAlive: true, maxSockets: 1 } as const;

/** Milliseconds for the broker's figures, which no health check waits for. */
const LONGEST = 5_000;

function openCheck({ rabbitmq }: StackWith<"rabbitmq">, context: CheckContext): OpenCheck {
  let line: Line | undefined;
  const drop = (): void => {
    line?.connection.drop();
    line = undefined;
  };

  const { external, secrets } = rabbitmq;
  const agent = external?.ca === undefined ? new Agent(kept) : new TlsAgent(kept);
  const closing = new AbortController();
  const figures = keepFigures(async () => {
    const password = await context.secret(secrets.agent);
    // Without their management nobody knows of others' brokers what they hold.
    if (password === undefined || (external !== undefined && external.management === undefined)) return {};
    const signal = AbortSignal.any([closing.signal, AbortSignal.timeout(LONGEST)]);
    return readFigures(rabbitmq, { password, agent, signal });
  });

  const connect = async (signal: AbortSignal): Promise<Line | Outcome> => {
    if (line !== undefined && line.broken === undefined && !line.connection.broken()) return line;
    drop();
    const password = await context.secret(secrets.agent);
    if (password === undefined) {
      return external === undefined
        ? { status: "fail", code: "starting", message: `the secret ${secrets.agent} is not there yet` }
        : { status: "fail", code: "no-secret", message: `stack-agent secrets set ${secrets.agent}` };
    }
    const { address: host, port, vhost, agentUser: user } = rabbitmq;
    const connection = await openAmqp({ external, host, port, vhost, user, password }, signal);
    try {
      line = await abortable(openLine(connection), signal, connection.drop);
    } catch (error) {
      connection.drop();
      throw error;
    }
    return line;
  };

  return {
    async run(signal) {
      let connection: AmqpConnection | undefined;
      try {
        const open = await connect(signal);
        if ("status" in open) return open;
        connection = open.connection;
        const alarm = connection.blocked();
        if (alarm !== undefined) return { ...blocked(alarm), figures: figures() };
        await abortable(roundtrip(open, rabbitmq.checkQueue, signal), signal, drop);
        return { status: "pass", code: "ok", figures: figures() };
      } catch (error) {
        // A timeout has dropped the line; the broker told it why before.
        const alarm = connection?.blocked();
        drop();
        return alarm === undefined ? failure(error, signal) : blocked(alarm);
      }
    },
    async close() {
      closing.abort();
      agent.destroy();
      const open = line;
      line = undefined;
      await open?.connection.close();
    },
  };
}

export async function openLine(connection: AmqpConnection): Promise<Line> {
  const channel = await connection.model.createConfirmChannel();
  const line: Line = { connection, channel, broken: undefined };
  const note = (why: Error): void => {
    line.broken ??= why;
  };
  channel.on("error", note);
  channel.on("close", () => note(new Error("the channel was closed")));
  channel.on("return", () => note(new Error("404: no queue takes the message")));
  return line;
}

/**
 * Publishes one message, takes one back, and has the first confirmed. Both are asked at once: a queue
 * takes one after the other what a channel sends. Not always its own: provisioning checks beside the
 * agent, and each takes as many as it gave.
 */
export async function roundtrip(line: Line, queue: string, signal: AbortSignal): Promise<void> {
  const { channel } = line;
  channel.publish(queue, queue, nothing, { persistent: true, mandatory: true });
  let [taken] = await Promise.all([channel.get(queue, { noAck: true }), channel.waitForConfirms()]);
  while (!signal.aborted) {
    // A message that no queue took is returned before it is confirmed.
    if (line.broken !== undefined) throw line.broken;
    if (taken !== false) return;
    await sleep(LOOK_AGAIN, undefined, { signal });
    taken = await channel.get(queue, { noAck: true });
  }
}

/** https://www.rabbitmq.com/docs/alarms: `low on memory`, `low on disk`, or both. */
function blocked(reason: string): Outcome {
  const code = reason.includes("disk") ? "disk-alarm" : reason.includes("memory") ? "memory-alarm" : "blocked";
  const message = `the broker holds back publishers: ${reason}`;
  // Nobody makes room while it is waited for.
  return { status: "fail", code, message, ...(code === "disk-alarm" && { hopeless: true }) };
}

export function failure(error: unknown, signal: AbortSignal): Outcome {
  return { status: "fail", code: signal.aborted ? "timeout" : codeOf(error), message: messageOf(error) };
}

/** AMQP's reply code (403 access refused, 404 not found), or the system's, as our word. */
function codeOf(error: unknown): string {
  const text = error instanceof AggregateError ? messageOf(error.errors[0]) : messageOf(error);
  if (text.includes("ECONNREFUSED")) return "refused";
  if (/certificate|no-authorities|altname/i.test(text)) return "certificate";
  if (/NOT[-_]ALLOWED|530/.test(text)) return "vhost-refused";
  if (/EHOSTUNREACH|ENETUNREACH|ENOTFOUND|EAI_AGAIN/.test(text)) return "unreachable";
  if (/ACCESS[-_]REFUSED|403/.test(text)) return "auth";
  if (/NOT[-_]FOUND|404/.test(text)) return "no-queue";
  if (/ECONNRESET|closed|CONNECTION[-_]FORCED/i.test(text)) return "reset";
  return "error";
}
