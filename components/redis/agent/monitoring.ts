import type { CheckOpeners } from "../../../engine/declared-checks.ts";
import type { StackWith } from "../../../engine/stack-with.ts";
import type { ComponentCheck } from "../../../stack/components/index.ts";
import { redisCheck } from "./check.ts";

export function checks(model: StackWith<"redis">): CheckOpeners<ComponentCheck<"redis">> {
  return { "redis:cluster": redisCheck(model) };
}
