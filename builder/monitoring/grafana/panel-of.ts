import * as bargauge from "@grafana/grafana-foundation-sdk/bargauge";
import type { Builder } from "@grafana/grafana-foundation-sdk/cog";
import * as common from "@grafana/grafana-foundation-sdk/common";
import * as dashboard from "@grafana/grafana-foundation-sdk/dashboard";
import * as prometheus from "@grafana/grafana-foundation-sdk/prometheus";
import * as stat from "@grafana/grafana-foundation-sdk/stat";
import * as statetimeline from "@grafana/grafana-foundation-sdk/statetimeline";
import * as timeseries from "@grafana/grafana-foundation-sdk/timeseries";
import * as units from "@grafana/grafana-foundation-sdk/units";
import type { Panel, Unit, Words } from "../board.ts";

const grafanaUnits: Readonly<Record<Unit, string>> = {
  number: units.Short,
  ratio: units.PercentUnit,
  bytes: units.BytesIEC,
  seconds: units.Seconds,
  duration: units.DurationSeconds,
  "per second": units.CountsPerSecond,
  requests: units.RequestsPerSecond,
  messages: units.MessagesPerSecond,
};

/** Which Prometheus is asked: a dashboard's variable says it. */
export const source = { type: "prometheus", uid: "$datasource" } as const;

/** What all kinds of panels have. */
type AnyPanel = timeseries.PanelBuilder | stat.PanelBuilder | statetimeline.PanelBuilder | bargauge.PanelBuilder;

/** A panel as Grafana has it. @param id of no other in its dashboard */
export function panelOf(panel: Panel, id: number): Builder<dashboard.Panel> {
  const made = shaped(panel)
    .id(id)
    .title(panel.title)
    .datasource(source)
    .unit(grafanaUnits[panel.unit])
    .span(panel.width ?? 8)
    .height(panel.shape === "number" ? 4 : 8)
    .thresholds(thresholds(panel.limits ?? {}));
  if (panel.about !== undefined) made.description(panel.about);
  if (panel.words !== undefined) made.mappings([meanings(panel.words)]);
  if (panel.unit === "ratio" && panel.shape !== "number") made.min(0);
  panel.queries.forEach(({ expr, legend }, index) => {
    const query = new prometheus.DataqueryBuilder()
      .datasource(source)
      .refId(String.fromCharCode(65 + index))
      .editorMode(prometheus.QueryEditorMode.Code)
      .expr(expr)
      .legendFormat(legend);
    made.withTarget(panel.shape === "number" || panel.shape === "bars" ? query.instant() : query.range());
  });
  return made;
}

function shaped({ shape, limits, queries }: Panel): AnyPanel {
  switch (shape) {
    case "lines":
    case "areas": {
      const lines = new timeseries.PanelBuilder()
        .lineWidth(1)
        .fillOpacity(shape === "areas" ? 25 : 5)
        .showPoints(common.VisibilityMode.Never)
        .legend(
          new common.VizLegendOptionsBuilder()
            .displayMode(common.LegendDisplayMode.List)
            .placement(common.LegendPlacement.Bottom)
            .showLegend(queries.length > 1 || queries.some(({ legend }) => /\{\{|__auto/.test(legend))),
        )
        .tooltip(
          new common.VizTooltipOptionsBuilder().mode(common.TooltipDisplayMode.Multi).sort(common.SortOrder.Descending),
        );
      if (shape === "areas") lines.stacking(new common.StackingConfigBuilder().mode(common.StackingMode.Normal));
      if (limits !== undefined) {
        const line = new common.GraphThresholdsStyleConfigBuilder().mode(common.GraphThresholdsStyleMode.Line);
        lines.thresholdsStyle(line);
      }
      return lines;
    }
    case "number":
      return new stat.PanelBuilder()
        .graphMode(common.BigValueGraphMode.None)
        .colorMode(common.BigValueColorMode.Value)
        .reduceOptions(last());
    case "states":
      return new statetimeline.PanelBuilder().showValue(common.VisibilityMode.Never).mergeValues(true).rowHeight(0.8);
    case "bars":
      return new bargauge.PanelBuilder()
        .orientation(common.VizOrientation.Horizontal)
        .displayMode(common.BarGaugeDisplayMode.Basic)
        .reduceOptions(last());
  }
}

function last(): common.ReduceDataOptionsBuilder {
  return new common.ReduceDataOptionsBuilder().calcs(["lastNotNull"]).values(false);
}

function thresholds({ warning, critical, falling }: NonNullable<Panel["limits"]>): dashboard.ThresholdsConfigBuilder {
  // Grafana's steps only rise, so what is worse the lower it is begins with the worst.
  const rising = [
    { value: null, color: "green" },
    ...(warning === undefined ? [] : [{ value: warning, color: "yellow" }]),
    ...(critical === undefined ? [] : [{ value: critical, color: "red" }]),
  ];
  const sinking = [
    ...(critical === undefined ? [] : [{ value: null, color: "red" }]),
    ...(warning === undefined ? [] : [{ value: critical ?? null, color: "yellow" }]),
    { value: warning ?? critical ?? null, color: "green" },
  ];
  const steps = falling ? sinking : rising;
  return new dashboard.ThresholdsConfigBuilder().mode(dashboard.ThresholdsMode.Absolute).steps(steps);
}

function meanings(words: Words): dashboard.ValueMapping {
  return {
    type: dashboard.MappingType.ValueToText,
    options: Object.fromEntries(
      Object.entries(words).map(([value, { text, color }], index) => [value, { text, color, index }]),
    ),
  };
}
