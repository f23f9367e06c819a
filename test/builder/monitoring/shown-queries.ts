/** What a written dashboard asks, as Grafana would: of its JSON alone, not of what it was made from. */
export interface ShownQuery {
  readonly dashboard: string;
  readonly panel: string;
  /** Of the last moment alone, not of a time. */
  readonly instant: boolean;
  readonly expr: string;
}

export interface Dashboard {
  readonly uid: string;
  readonly title: string;
  readonly templating: { readonly list: readonly Variable[] };
  readonly panels: readonly DashboardPanel[];
}

export interface Variable {
  readonly name: string;
  readonly type: string;
  readonly query: string | { readonly query: string };
  readonly regex?: string;
  readonly allValue?: string;
}

export interface DashboardPanel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets?: readonly { readonly expr: string; readonly instant?: boolean; readonly legendFormat: string }[];
}

/** @param values of the dashboard's variables, as they stand in a query */
export function shownQueries(dashboard: Dashboard, values: Readonly<Record<string, string>>): readonly ShownQuery[] {
  return dashboard.panels.flatMap(({ title, targets = [] }) =>
    targets.map(({ expr, instant = false }) => ({
      dashboard: dashboard.title,
      panel: title,
      instant,
      expr: Object.entries(values).reduce((text, [variable, value]) => text.replaceAll(variable, value), expr),
    })),
  );
}
