import type { Builder } from "@grafana/grafana-foundation-sdk/cog";
import * as dashboard from "@grafana/grafana-foundation-sdk/dashboard";
import type { Board } from "../board.ts";
import { series } from "../series.ts";
import { panelOf, source } from "./panel-of.ts";

/** A dashboard as Grafana has it, for every Grafana from 9 on. @param stack its name */
export function dashboardOf(board: Board, stack: string, uid: string): dashboard.Dashboard {
  const made = new dashboard.DashboardBuilder(`${stack}: ${board.title}`)
    .uid(uid)
    .tags(["stack", stack])
    .timezone("browser")
    .time({ from: "now-3h", to: "now" })
    .refresh("30s")
    .tooltip(dashboard.DashboardCursorSync.Crosshair)
    .editable()
    .link(others(stack))
    .withVariable(new dashboard.DatasourceVariableBuilder("datasource").label("Prometheus").type("prometheus"))
    .withVariable(
      chosen("host", "Container", `label_values(stack_info{stack="${stack}"}, instance)`).regex("/^(.+):[0-9]+$/"),
    );
  if (board.choosesServices) {
    const query = `label_values(${series("stack_service_restarts_total")}, service)`;
    made.withVariable(chosen("service", "Service", query).multi(true).includeAll(true).allValue(".*").current(all));
  }
  let id = 0;
  const next = (): number => {
    id += 1;
    return id;
  };
  for (const { title, panels } of board.rows) {
    made.withRow(new dashboard.RowBuilder(title).id(next()));
    for (const panel of panels) made.withPanel(panelOf(panel, next()));
  }
  return made.build();
}

const all = { text: "All", value: "$__all", selected: true };

/** A variable whose values a query finds. */
function chosen(name: string, label: string, query: string): dashboard.QueryVariableBuilder {
  return new dashboard.QueryVariableBuilder(name)
    .label(label)
    .datasource(source)
    .query({ query, refId: name })
    .refresh(dashboard.VariableRefresh.OnTimeRangeChanged)
    .sort(dashboard.VariableSort.AlphabeticalAsc);
}

/** The way to the stack's other dashboards, with what is chosen. */
function others(stack: string): Builder<dashboard.DashboardLink> {
  const link = new dashboard.DashboardLinkBuilder("Dashboards")
    .type(dashboard.DashboardLinkType.Dashboards)
    .tags([stack])
    .asDropdown(true)
    .includeVars(true)
    .keepTime(true);
  // It belongs above the panels, not into a menu, which is what the builder says of itself.
  const { placement: _, ...shown } = link.build();
  return { build: () => shown };
}
