import { stringify } from "yaml";
import type { Model } from "../../../stack/model.ts";
import { boards } from "../boards.ts";
import { dashboardOf } from "./dashboard-of.ts";
import { dashboardProvider, datasource } from "./provisioning.ts";

/** Grafana's files of a stack, by their paths; the same for the same stack. @param url of its Prometheus, as Grafana reaches it */
export function grafanaFiles(stack: Model, url: string): ReadonlyMap<string, string> {
  const { name } = stack;
  return new Map([
    ...boards(stack).map((board): [string, string] => [
      `dashboards/${name}/${board.id}.json`,
      `${JSON.stringify(dashboardOf(board, name, `${name}-${board.id}`), undefined, 2)}\n`,
    ]),
    [`provisioning/dashboards/${name}.yaml`, stringify(dashboardProvider(name))],
    [`provisioning/datasources/${name}.yaml`, stringify(datasource(name, `${name}-source`, url))],
  ]);
}
