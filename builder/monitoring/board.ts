/** A dashboard as data: what is asked and shown, without how Grafana writes that down. */
export interface Board {
  /** Of its file's name and its address: up to 8 characters, since Grafana takes 40 with a stack's name. */
  readonly id: string;
  readonly title: string;
  readonly rows: readonly Row[];
  /** Whether services can be chosen, by `service` in its queries. */
  readonly choosesServices?: true;
}

export interface Row {
  readonly title: string;
  readonly panels: readonly Panel[];
}

export interface Panel {
  readonly title: string;
  /** What it tells, and what to do, for whoever has not seen it before. */
  readonly about?: string;
  /** `lines` and `areas` over time, the latter on top of each other; the last `number`; `states` over time; the last values as `bars`. */
  readonly shape: "lines" | "areas" | "number" | "states" | "bars";
  readonly unit: Unit;
  readonly queries: readonly Query[];
  /** From where on a value is a warning, and from where on critical; below them where they are `falling`. */
  readonly limits?: { readonly warning?: number; readonly critical?: number; readonly falling?: true };
  /** What values mean. */
  readonly words?: Words;
  /** Of 24 columns. */
  readonly width?: number;
}

export type Unit = "number" | "ratio" | "bytes" | "seconds" | "duration" | "per second" | "requests" | "messages";

export type Words = Readonly<Record<number, { readonly text: string; readonly color: "green" | "yellow" | "red" }>>;

export interface Query {
  /** PromQL, with Grafana's `$__rate_interval`, `${host:regex}` and, where services can be chosen, `$service`. */
  readonly expr: string;
  /** Of a series, with its labels as `{{label}}`. */
  readonly legend: string;
}

/** Of `stack_component_status`. */
export const statusWords: Words = {
  0: { text: "passes", color: "green" },
  1: { text: "warns", color: "yellow" },
  2: { text: "fails", color: "red" },
};

/** Of figures that are 1 where all is well. */
export const upWords: Words = { 1: { text: "up", color: "green" }, 0: { text: "down", color: "red" } };
