import { serviceCheck } from "../../components/services/agent/check.ts";
import { diskCheck } from "../../components/system/agent/disk-check.ts";
import { memoryCheck } from "../../components/system/agent/memory-check.ts";
import type { Check } from "../../engine/check.ts";
import type { Model } from "../../stack/model.ts";

/**
 * Every check of a stack, in the order health shows them. The databases' clients are
 * loaded here and not before: they are the most of the agent's start.
 */
export async function stackChecks(model: Model): Promise<readonly Check[]> {
  return [
    ...(model.postgres === undefined
      ? []
      : [(await import("../../components/postgres/agent/check.ts")).postgresCheck(model)]),
    ...(model.redis === undefined ? [] : [(await import("../../components/redis/agent/check.ts")).redisCheck(model)]),
    ...(model.rabbitmq === undefined
      ? []
      : [(await import("../../components/rabbitmq/agent/check.ts")).rabbitmqCheck(model)]),
    ...model.services.map(serviceCheck),
    diskCheck(model),
    memoryCheck(),
  ];
}
