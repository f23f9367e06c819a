import type { MetricSpec } from "../../../stack/components/metric-spec.ts";

/** A figure of `/metrics`, as Zabbix keeps it. */
export interface Figure extends Omit<MetricSpec, "name"> {
  readonly name: string;
  /** The table of what its values mean. */
  readonly words?: "status" | "up" | "success";
  /** What of /metrics it is, where its name alone does not say that. */
  readonly pattern?: string;
  /** A text that is kept in its place: the value of this label. */
  readonly text?: string;
}

export function told(name: string, help: string, more: Pick<Figure, "words" | "text" | "pattern"> = {}): Figure {
  return { name, type: name.endsWith("_total") ? "counter" : "gauge", help, ...more };
}
