import type { CheckName, CheckSpec } from "../check-spec.ts";

/** What is looked at of what watches the stack. Apart from the declaration: health's names are made from it. */
export const metricsChecks = {
  "metrics:prometheus": { proves: "Prometheus has its figures, and answers questions" },
  "metrics:alertmanager": { proves: "Alertmanager is ready to tell of alerts" },
} as const satisfies Readonly<Record<CheckName, CheckSpec>>;

export type MetricsCheck = keyof typeof metricsChecks;
