import type { Redis } from "ioredis";
import type { CheckContext, CheckOpener, OpenCheck, Outcome } from "../../../engine/check.ts";
import type { StackWith } from "../../../engine/stack-with.ts";
import { abortable } from "../../../lib/abortable.ts";
import { messageOf } from "../../../lib/error.ts";
import { redisCode } from "./client.ts";
import { type Masters, openMasters } from "./open-masters.ts";

/** Looks after which it is asked anew who takes writes. */
const askAgain = 15;

/** Each server that takes writes takes one and gives it back, in a slot of its own; all slots are served. */
export function externalRedisCheck({ redis }: StackWith<"redis">): CheckOpener {
  return (context) => openCheck(redis, context);
}

function openCheck({ external, secret }: StackWith<"redis">["redis"], context: CheckContext): OpenCheck {
  let masters: Masters | undefined;
  let looks = 0;
  const drop = (): void => {
    for (const { drop } of masters?.values() ?? []) drop();
    masters = undefined;
  };
  return {
    async run(signal) {
      if (external === undefined) throw new TypeError("the servers are the stack's own");
      const password = await context.secret(secret);
      if (password === undefined) {
        return { status: "fail", code: "no-secret", message: `stack-agent secrets set ${secret}` };
      }
      try {
        looks += 1;
        const isBroken = [...(masters?.values() ?? [])].some((one) => one.broken());
        if (isBroken || looks % askAgain === 0) drop();
        const open = masters ?? (await openMasters(external, password, signal));
        masters = open;
        await Promise.all([...open].map(([, { client }]) => abortable(roundtrip(client), signal, drop)));
        return { status: "pass", code: "ok" };
      } catch (error) {
        drop();
        return failure(error, signal);
      }
    },
    async close() {
      drop();
    },
  };
}

/** @throws Redis's error; `lost-write` */
export async function roundtrip(client: Redis): Promise<void> {
  for (let number = 0; ; number += 1) {
    const key = `stack-agent:health:${number}`;
    const written = String(Date.now());
    try {
      await client.set(key, written, "EX", 60);
      // Two agents may look at once.
      if ((await client.get(key)) === null) throw new Error("LOSTWRITE it lost what it was given");
      return;
    } catch (error) {
      // A slot of another server's.
      if (redisCode(error) !== "MOVED" || number === 1000) throw error;
    }
  }
}

const codes: Readonly<Record<string, string>> = {
  ECONNREFUSED: "refused",
  ECONNRESET: "reset",
  EAI_AGAIN: "unreachable",
  EHOSTUNREACH: "unreachable",
  ENETUNREACH: "unreachable",
  ENOTFOUND: "unreachable",
  WRONGPASS: "auth",
  NOAUTH: "auth",
  NOPERM: "denied",
  LOADING: "starting",
  CLUSTERDOWN: "cluster-down",
  MISCONF: "persistence",
  OOM: "memory",
  READONLY: "read-only",
  LOSTWRITE: "lost-write",
  "cluster-down": "cluster-down",
  "no-master": "no-master",
  "no-authorities": "certificate",
};

function failure(error: unknown, signal: AbortSignal): Outcome {
  const message = messageOf(error);
  const known = codes[redisCode(error) ?? ""] ?? (/certificate|altname/i.test(message) ? "certificate" : "error");
  return { status: "fail", code: signal.aborted ? "timeout" : known, message };
}
