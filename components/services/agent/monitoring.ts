import type { Check } from "../../../engine/check.ts";
import type { Model } from "../../../stack/model.ts";
import { serviceCheck } from "./check.ts";

export function checks({ services }: Model): readonly Check[] {
  return services.map(serviceCheck);
}
