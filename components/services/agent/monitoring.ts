import type { CheckOpeners } from "../../../engine/declared-checks.ts";
import type { Model } from "../../../stack/model.ts";
import { serviceCheck } from "./check.ts";

export function checks({ services }: Model): CheckOpeners<`${string}:health`> {
  return Object.fromEntries(services.map((service) => [`${service.name}:health`, serviceCheck(service)]));
}
