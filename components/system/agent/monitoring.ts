import type { Check } from "../../../engine/check.ts";
import type { Model } from "../../../stack/model.ts";
import { diskCheck } from "./disk-check.ts";
import { memoryCheck } from "./memory-check.ts";

export function checks(model: Model): readonly Check[] {
  return [diskCheck(model), memoryCheck()];
}
