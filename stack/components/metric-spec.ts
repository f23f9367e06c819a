/** A figure as /metrics tells it. */
export interface MetricSpec {
  /** In the metric's base unit: https://prometheus.io/docs/practices/naming/ */
  readonly name: MetricName;
  readonly type: "gauge" | "counter";
  readonly help: string;
}

export type MetricName = `stack_${string}`;

/** What goes up and down. */
export function gauge(name: MetricName, help: string): MetricSpec {
  return { name, type: "gauge", help };
}

/** What only grows, until what counts starts anew; its name ends with `_total`. */
export function counter(name: `${MetricName}_total`, help: string): MetricSpec {
  return { name, type: "counter", help };
}
