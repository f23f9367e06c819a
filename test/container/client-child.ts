/** The client's process: started inside a network namespace, it speaks JSON lines on its standard streams. */
import { createInterface } from "node:readline";
import { messageOf } from "../../lib/error.ts";
import { amqpOps } from "./amqp-ops.ts";
import type { ClientOp, ClientOps, Request, Response } from "./client-ops.ts";
import { httpOps } from "./http-ops.ts";
import { pgOps } from "./pg-ops.ts";
import { redisOps } from "./redis-ops.ts";

type Executors = { readonly [K in ClientOp]: (args: ClientOps[K]["args"]) => Promise<ClientOps[K]["result"]> };

const executors: Executors = { ...pgOps(), ...redisOps(), ...amqpOps(), ...httpOps() };

function codeOf(error: unknown): string {
  if (error instanceof AggregateError) return codeOf(error.errors[0]);
  // Redis puts its code in front: "WRONGPASS invalid …".
  if (error instanceof Error && error.name === "ReplyError") return error.message.split(" ")[0] ?? "";
  return error instanceof Error && "code" in error ? String(error.code) : "client-error";
}

async function answer(request: Request): Promise<Response> {
  const execute = executors[request.op] as (args: unknown) => Promise<unknown>;
  try {
    return { id: request.id, result: (await execute(request.args)) ?? null };
  } catch (error) {
    return { id: request.id, error: { code: codeOf(error), message: messageOf(error) } };
  }
}

const lines = createInterface({ input: process.stdin });
lines.on("line", (line) => {
  void answer(JSON.parse(line) as Request).then((response) => process.stdout.write(`${JSON.stringify(response)}\n`));
});
lines.on("close", () => process.exit(0));
