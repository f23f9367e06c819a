import type { Figures } from "../../engine/check.ts";
import type { MetricName } from "../../stack/components/metric-spec.ts";

/** One look's result, as far as plots are made of it. */
export interface Observed {
  readonly check: string;
  readonly component: string;
  readonly latencyMs: number;
  readonly outcome: { readonly status: string; readonly observedValue?: number; readonly figures?: Figures };
}

/** A line of a plot. */
export interface Line {
  readonly label: string;
  /** Of a counter the page shows how fast it grows, a second; of anything else the most in the moment. */
  readonly counter?: true;
  /** Its value as of these results; undefined where nobody has counted. */
  value(results: readonly Observed[]): number | undefined;
  /** The same object as long as nobody has counted anew; for counters. */
  reading?(results: readonly Observed[]): unknown;
}

export interface Plot {
  readonly id: string;
  readonly title: string;
  readonly unit: "per-second" | "count" | "percent" | "milliseconds";
  /** Below it a line's height tells nothing: the scale ends here at the least. */
  readonly least: number;
  /** Of several lines, which is told of first: the first, or whichever is highest; in a word. */
  readonly leading?: { readonly line: "first" | "highest"; readonly word: string };
  /** A few words beside its value, of the moment. */
  note?(results: readonly Observed[]): string | undefined;
  lines(results: readonly Observed[], groupOf: (component: string) => string | undefined): readonly Line[];
}

const eventsAppended = "stack_postgres_events_appended_total";

/** What of the last hour is drawn: where nothing of a plot was ever counted it is left out. */
export const plots: readonly Plot[] = [
  {
    id: "events",
    title: "Events appended",
    unit: "per-second",
    least: 1,
    note: (results) => {
      const position = sumOf(results, "stack_postgres_event_position");
      return position === undefined ? undefined : `${grouped(position)} in all`;
    },
    lines: () => [
      {
        label: "events",
        counter: true,
        value: (results) => sumOf(results, eventsAppended),
        reading: (results) =>
          results.find(({ outcome }) => outcome.figures?.[eventsAppended] !== undefined)?.outcome.figures,
      },
    ],
  },
  {
    id: "queues",
    title: "Messages in queues",
    unit: "count",
    least: 10,
    leading: { line: "first", word: "waiting" },
    lines: () => [
      {
        label: "waiting",
        value: (results) =>
          sumOf(results, "stack_rabbitmq_queue_messages_ready", "stack_rabbitmq_queue_messages_unacknowledged"),
      },
      { label: "dead letters", value: (results) => sumOf(results, "stack_rabbitmq_dead_letters") },
    ],
  },
  {
    id: "memory",
    title: "Memory in use",
    unit: "percent",
    least: 100,
    note: (results) => {
      const bytes = sumOf(results, "stack_memory_bytes");
      return bytes === undefined ? undefined : `of ${Math.round((10 * bytes) / 2 ** 30) / 10} GiB`;
    },
    lines: () => [
      {
        label: "memory",
        value: (results) => {
          const available = results.find(({ check }) => check === "memory:available")?.outcome.observedValue;
          return available === undefined ? undefined : 100 - available;
        },
      },
    ],
  },
  {
    id: "latency",
    title: "Time of a health check",
    unit: "milliseconds",
    least: 10,
    leading: { line: "highest", word: "the slowest" },
    lines: (results, groupOf) => {
      const of = (group: string): string[] => [
        ...new Set(results.map(({ component }) => component).filter((name) => groupOf(name) === group)),
      ];
      const services = of("services");
      return [
        ...of("data").map((name): Line => ({ label: name, value: (looks) => slowest(looks, [name]) })),
        ...(services.length === 0
          ? []
          : [
              {
                label: services.length === 1 ? "service" : "slowest service",
                value: (looks) => slowest(looks, services),
              } satisfies Line,
            ]),
      ];
    },
  },
];

function sumOf(results: readonly Observed[], ...metrics: readonly MetricName[]): number | undefined {
  const found = results.flatMap(({ outcome }) =>
    metrics.flatMap((metric) => {
      const figure = outcome.figures?.[metric];
      if (figure === undefined) return [];
      return typeof figure === "number" ? [figure] : figure.map(({ value }) => value);
    }),
  );
  return found.length === 0 ? undefined : found.reduce((a, b) => a + b, 0);
}

function slowest(results: readonly Observed[], names: readonly string[]): number | undefined {
  // One that was given up says how long it was waited for, not how long it takes.
  const own = results.filter(({ component, outcome }) => names.includes(component) && outcome.status !== "fail");
  return own.length === 0 ? undefined : Math.max(...own.map(({ latencyMs }) => latencyMs));
}

/** With thin spaces. Intl would load tables of megabytes for it. */
function grouped(value: number): string {
  return String(Math.round(value)).replace(/(?<=\d)(?=(\d{3})+$)/g, "\u202f");
}
