import type { MetricName } from "../stack/components/metric-spec.ts";
import type { CheckModel, Model, SecretName } from "../stack/model.ts";

/** What one look at a component found. */
export interface Outcome {
  readonly status: "pass" | "warn" | "fail";
  /** Stable kebab-case word: ok, refused, timeout, auth, cluster-down, memory-alarm, starting … */
  readonly code: string;
  /** In the unit that the check declares. */
  readonly observedValue?: number;
  /** Values of the metrics that the check declares, as far as they are known. */
  readonly figures?: Figures;
  /** For those with a token only. */
  readonly message?: string;
  /** No waiting makes it pass: somebody has to do something first. */
  readonly hopeless?: true;
}

/** Values in the metrics' base units, by the metrics' names; several are told apart by their labels. */
export type Figures = Readonly<Record<MetricName, number | readonly Sample[]>>;

/** One value of a metric. */
export interface Sample {
  readonly labels?: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface CheckContext {
  readonly model: Model;
  /** A secret's value as this process may read it, undefined while there is none. */
  secret(name: SecretName): Promise<string | undefined>;
}

/** A check proves work done: it writes and reads, publishes and consumes. */
export interface Check extends Pick<CheckModel, "name" | "component" | "observes" | "metrics"> {
  readonly open: CheckOpener;
}

export type CheckOpener = (context: CheckContext) => OpenCheck;

/** A check with its client, kept between looks. */
export interface OpenCheck {
  /** Rejects or gives `fail` when the signal aborts, and then leaves no client behind. */
  run(signal: AbortSignal): Promise<Outcome>;
  close(): Promise<void>;
}
