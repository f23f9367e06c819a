import type { CheckOpeners } from "../../../engine/declared-checks.ts";
import type { MetricsCheck } from "../../../stack/components/metrics/checks.ts";
import type { Model } from "../../../stack/model.ts";
import { readyCheck } from "./check.ts";

export function checks({ metrics }: Model): CheckOpeners<MetricsCheck> {
  // Only a stack that has the section declares these.
  if (metrics === undefined) return {} as CheckOpeners<MetricsCheck>;
  return {
    "metrics:prometheus": readyCheck(metrics.port),
    "metrics:alertmanager": readyCheck(metrics.alertmanagerPort),
  };
}
