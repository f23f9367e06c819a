import type { Check } from "../../../engine/check.ts";
import type { Model } from "../../../stack/model.ts";
import { redisCheck } from "./check.ts";

export function checks(model: Model): readonly Check[] {
  return [redisCheck(model)];
}
