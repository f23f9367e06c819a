import type { Check } from "../../../engine/check.ts";
import type { StackWith } from "../../../engine/stack-with.ts";
import { redisCheck } from "./check.ts";

export function checks(model: StackWith<"redis">): readonly Check[] {
  return [redisCheck(model)];
}
