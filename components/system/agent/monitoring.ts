import type { CheckOpeners } from "../../../engine/declared-checks.ts";
import type { machineChecks } from "../../../stack/components/system/checks.ts";
import type { Model } from "../../../stack/model.ts";
import { diskCheck } from "./disk-check.ts";
import { memoryCheck } from "./memory-check.ts";
import { updatesCheck } from "./updates/updates-check.ts";

export function checks(model: Model): CheckOpeners<keyof typeof machineChecks> {
  return { "disk:used": diskCheck(model), "memory:available": memoryCheck(), "updates:pending": updatesCheck(model) };
}
