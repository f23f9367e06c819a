import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { StackError } from "../../lib/error.ts";
import { tail } from "../../lib/run.ts";
import type { ClientOp, ClientOps, Response } from "./client-ops.ts";

/**
 * A test's own clients inside one network namespace. Databases listen on the container's
 * loopback only, so whoever speaks to them must live there. Answers and errors are the
 * servers' own: an error's `code` is PostgreSQL's SQLSTATE, Redis's first word, AMQP's
 * reply code or the system's errno.
 */
export type Client = {
  readonly [K in ClientOp]: (args: ClientOps[K]["args"]) => Promise<ClientOps[K]["result"]>;
} & { readonly close: () => Promise<void> };

const OPS: { readonly [K in ClientOp]: true } = {
  pg: true,
  pgConnections: true,
  redis: true,
  redisCluster: true,
  amqpPublish: true,
  amqpConsume: true,
  amqpGet: true,
  amqpMisuse: true,
  amqpQueue: true,
  http: true,
  tcp: true,
};

interface Waiting {
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/** Starts the clients' process in a namespace, e.g. `/proc/PID/ns/net` or `/run/netns/NAME`. */
export function openClient(namespace: string): Client {
  const program = fileURLToPath(new URL("./client-child.ts", import.meta.url));
  // What loading it takes, a boot that is measured has not.
  const cache = fileURLToPath(new URL("../../node_modules/.cache/node-compile-cache", import.meta.url));
  const child = spawn("nsenter", [`--net=${namespace}`, process.execPath, "--no-warnings", program], {
    stdio: ["pipe", "pipe", "pipe"],
    env: { ...process.env, NODE_COMPILE_CACHE: cache },
    // Ctrl-C is for the test, which then closes its clients in order.
    detached: true,
  });
  const waiting = new Map<number, Waiting>();
  let last = 0;
  let stderr = "";
  let ended: StackError | undefined;
  child.stderr.setEncoding("utf8").on("data", (chunk: string) => {
    stderr = `${stderr}${chunk}`.slice(-8192);
  });
  child.stdin.on("error", () => {});
  const exited = new Promise<void>((resolve) => {
    const end = (cause?: Error): void => {
      ended ??= new StackError("client-ended", "the clients' process has ended", { cause, detail: tail(stderr) });
      for (const { reject } of waiting.values()) reject(ended);
      waiting.clear();
      resolve();
    };
    child.once("error", end);
    child.once("close", () => end());
  });
  createInterface({ input: child.stdout }).on("line", (line) => {
    const response = JSON.parse(line) as Response;
    const waiter = waiting.get(response.id);
    waiting.delete(response.id);
    if ("error" in response) waiter?.reject(new StackError(response.error.code, response.error.message));
    else waiter?.resolve(response.result);
  });

  const call = (op: ClientOp, args: unknown): Promise<unknown> =>
    new Promise((resolve, reject) => {
      if (ended !== undefined) return reject(ended);
      last += 1;
      waiting.set(last, { resolve, reject });
      child.stdin.write(`${JSON.stringify({ id: last, op, args })}\n`);
    });
  const operations = Object.keys(OPS).map((op) => [op, (args: unknown) => call(op as ClientOp, args)]);
  return {
    ...(Object.fromEntries(operations) as Omit<Client, "close">),
    close: async () => {
      child.stdin.end();
      await exited;
    },
  };
}
