import type { CheckOpeners } from "../../../engine/declared-checks.ts";
import type { StackWith } from "../../../engine/stack-with.ts";
import type { ComponentCheck } from "../../../stack/components/index.ts";
import { rabbitmqCheck } from "./check.ts";

export function checks(model: StackWith<"rabbitmq">): CheckOpeners<ComponentCheck<"rabbitmq">> {
  return { "rabbitmq:roundtrip": rabbitmqCheck(model) };
}
