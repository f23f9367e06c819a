import type { MetricSpec } from "../../stack/components/metric-spec.ts";
import type { Model } from "../../stack/model.ts";
import type { Board, Panel, Unit } from "./board.ts";
import { machine } from "./boards/machine.ts";
import { overview } from "./boards/overview.ts";
import { postgres } from "./boards/postgres.ts";
import { rabbitmq } from "./boards/rabbitmq.ts";
import { redis } from "./boards/redis.ts";
import { services } from "./boards/services.ts";
import { rate, series } from "./series.ts";

/** The dashboards of a stack: of the components that it has, and each metric that its checks tell is on one. */
export function boards(stack: Model): readonly Board[] {
  const some = [overview(stack), ...postgres(stack), ...redis(stack), ...rabbitmq(stack), ...services(stack)];
  const shown = [...some, machine(stack, [])]
    .flatMap(({ rows }) => rows.flatMap(({ panels }) => panels))
    .flatMap(({ queries }) => queries.map(({ expr }) => expr));
  const metrics = stack.checks.flatMap(({ observes, metrics = [] }) => [
    ...(observes ? [observes.metric] : []),
    ...metrics,
  ]);
  const names = new Map(metrics.map((metric) => [metric.name, metric]));
  const others = [...names.values()].filter(({ name }) => !shown.some((expr) => expr.includes(`${name}{`)));
  return [...some, machine(stack, others.map(ofMetric))];
}

/** What a component declares and nobody made a panel of. */
function ofMetric({ name, type, help }: MetricSpec): Panel {
  const expr = type === "counter" ? rate(name) : series(name);
  return {
    title: help.replace(/\.$/, ""),
    shape: "lines",
    unit: unitOf(name, type),
    queries: [{ expr, legend: "__auto" }],
  };
}

/** Its base unit is in its name: https://prometheus.io/docs/practices/naming/ */
function unitOf(name: string, type: MetricSpec["type"]): Unit {
  if (type === "counter") return "per second";
  const [, unit] = /_(ratio|bytes|seconds)$/.exec(name) ?? [];
  return (unit as Unit | undefined) ?? "number";
}
