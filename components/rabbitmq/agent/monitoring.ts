import type { Check } from "../../../engine/check.ts";
import type { Model } from "../../../stack/model.ts";
import { rabbitmqCheck } from "./check.ts";

export function checks(model: Model): readonly Check[] {
  return [rabbitmqCheck(model)];
}
