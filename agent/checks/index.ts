import type { Check } from "../../engine/check.ts";
import type { Model } from "../../stack/model.ts";
import { diskCheck } from "./disk.ts";
import { memoryCheck } from "./memory.ts";
import { serviceCheck } from "./service.ts";

/**
 * Every check of a stack, in the order health shows them. The databases' clients are
 * loaded here and not before: they are the most of the agent's start.
 */
export async function stackChecks(model: Model): Promise<readonly Check[]> {
  return [
    ...(model.postgres === undefined ? [] : [(await import("./postgres.ts")).postgresCheck(model)]),
    ...(model.redis === undefined ? [] : [(await import("./redis.ts")).redisCheck(model)]),
    ...(model.rabbitmq === undefined ? [] : [(await import("./rabbitmq.ts")).rabbitmqCheck(model)]),
    ...model.services.map(serviceCheck),
    diskCheck(model),
    memoryCheck(),
  ];
}
