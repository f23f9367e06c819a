import { metricsText } from "../../../agent/health/metrics-text.ts";
import type { CheckResult } from "../../../agent/health/scheduler.ts";
import type { MetricSpec } from "../../../stack/components/metric-spec.ts";
import type { Model } from "../../../stack/model.ts";
import { date, result, snapshot } from "../../agent/health/snapshot.ts";

/** Names of what the agent tells of a stack at /metrics, where every check saw all of its figures and a job ran. */
export function toldMetrics(stack: Model): ReadonlySet<string> {
  const results = stack.checks.map(
    ({ name, component, observes, metrics = [] }): CheckResult => ({
      ...result(component, {
        observedValue: 1,
        figures: Object.fromEntries(metrics.map((metric) => [metric.name, 1])),
      }),
      check: name,
      ...(observes && { observes }),
      metrics,
    }),
  );
  const job = { name: "tidy", schedule: "0 3 * * *", lastRun: date.toISOString(), nextRun: date.toISOString() };
  const text = metricsText(snapshot({ results, jobs: [{ ...job, lastSeconds: 1, runs: 1, failures: 0 }] }), {
    residentBytes: 1,
    cpuSeconds: 1,
    startTime: 1,
  });
  return new Set([...text.matchAll(/^# TYPE (\S+)/gm)].map(([, name = ""]) => name));
}

/** What its checks declare that they tell. */
export function declaredMetrics(stack: Model): readonly MetricSpec[] {
  return stack.checks.flatMap(({ observes, metrics = [] }) => [...(observes ? [observes.metric] : []), ...metrics]);
}
