import type { FactReader } from "../../../engine/facts/fact-reader.ts";
import { defineComponentStage, type Problem } from "../../../engine/stage.ts";
import { isErrno, messageOf, StackError } from "../../../lib/error.ts";
import { addressesText } from "../../../stack/components/external.ts";
import type { RedisModel } from "../../../stack/components/redis/model.ts";
import { redisCode } from "./client.ts";
import { roundtrip } from "./external-check.ts";
import { externalMonitoring } from "./external-monitoring.ts";
import { openMasters } from "./open-masters.ts";

const LOOK_TIMEOUT = 10_000;

/** What the servers said: `denied` with their own words. */
export type ExternalRedisFacts = "ok" | "down" | { readonly denied: string };

/** Redis on somebody else's servers: there is nothing to make; it is seen that the user may do what is done there. */
export const externalRedisStage = defineComponentStage<"redis", ExternalRedisFacts>({
  id: "redis",
  title: "Redis",
  needs: ["system"],
  checks: externalMonitoring.checks,
  inspect: (reader, { redis }, signal) => inspectExternalRedis(reader, redis, signal),
  preflight: (facts, { redis }) => preflightExternalRedis(facts, redis),
  plan: (facts, { redis: { external } }) => ({
    actions: [],
    unseen: facts === "down" && external !== undefined ? [`Redis: none of ${addressesText(external)} answers`] : [],
  }),
  reset: (_, { redis: { external } }) => ({
    actions: [],
    kept: external === undefined ? [] : [`Redis on ${addressesText(external)} stays as it is: it is somebody else's`],
  }),
});

/** @throws StackError `secret-missing`, `login-refused`, what `openMasters` throws */
export async function inspectExternalRedis(
  reader: Pick<FactReader, "withSecret">,
  { external, secret }: RedisModel,
  signal: AbortSignal,
): Promise<ExternalRedisFacts> {
  if (external === undefined) throw new TypeError("the servers are the stack's own");
  const ended = AbortSignal.any([signal, AbortSignal.timeout(LOOK_TIMEOUT)]);
  try {
    return await reader.withSecret(secret, async (password) => {
      const masters = await openMasters(external, password, ended);
      try {
        await Promise.all([...masters.values()].map(({ client }) => roundtrip(client)));
      } finally {
        for (const { drop } of masters.values()) drop();
      }
      return "ok" as const;
    });
  } catch (error) {
    signal.throwIfAborted();
    const code = redisCode(error) ?? "";
    if (ended.aborted || isErrno(error, ...unreached) || ["LOADING", "CLUSTERDOWN", "READONLY"].includes(code))
      return "down";
    if (code === "NOPERM") return { denied: messageOf(error) };
    if (code !== "WRONGPASS" && code !== "NOAUTH") throw error;
    throw new StackError("login-refused", `Redis refuses ${external.user}: ${messageOf(error)}`, {
      hint: `stack-agent secrets set ${secret}; or there: ACL SETUSER ${external.user} on '>PASSWORD'`,
    });
  }
}

const unreached = [
  "ECONNREFUSED",
  "ECONNRESET",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ETIMEDOUT",
  "EAI_AGAIN",
  "cluster-down",
];

/** What agent and services do there. */
const rights = "~* &* +@read +@write +@pubsub +@connection +@transaction +cluster|slots +cluster|info";

export function preflightExternalRedis(facts: ExternalRedisFacts, { external }: RedisModel): Problem[] {
  if (typeof facts === "string") return [];
  return [
    {
      code: "grant-missing",
      message: `Redis lets ${external?.user} not do all that is needed: ${facts.denied}`,
      hint: `on each server: ACL SETUSER ${external?.user} ${rights}`,
    },
  ];
}
