import type { Check } from "../../../engine/check.ts";
import type { StackWith } from "../../../engine/stack-with.ts";
import { rabbitmqCheck } from "./check.ts";

export function checks(model: StackWith<"rabbitmq">): readonly Check[] {
  return [rabbitmqCheck(model)];
}
