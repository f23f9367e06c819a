import type { MetricSpec } from "./metric-spec.ts";

/** A check's name in health documents, `COMPONENT:MEASUREMENT` (draft-inadarei-api-health-check-06, 4). */
export type CheckName = `${string}:${string}`;

/** A health check, as its component declares it; how it looks is the agent's part of the component. */
export interface CheckSpec {
  /** What it has seen when it passes: a sentence without its end. */
  readonly proves: string;
  /** What it measures beside the time it takes. */
  readonly observes?: Observation;
  /** What else it sees on the way, for /metrics alone. */
  readonly metrics?: readonly MetricSpec[];
}

/** A figure that a check measures, as health documents and as /metrics tell it. */
export interface Observation {
  /** Of the check's own figure, for health documents: "percent of maxmemory". */
  readonly unit: string;
  /** `per`: how many of the check's unit are one of the metric's, 100 of percent to a ratio. Default 1. */
  readonly metric: MetricSpec & { readonly per?: number };
}
