/** Where Grafana's packages have its dashboards' folder mounted or copied to. */
export const dashboardsHome = "/var/lib/grafana/dashboards";

/** Tells Grafana where the dashboards are: https://grafana.com/docs/grafana/latest/administration/provisioning/#dashboards */
export function dashboardProvider(stack: string) {
  return {
    apiVersion: 1,
    providers: [
      {
        name: stack,
        folder: stack,
        type: "file",
        disableDeletion: false,
        allowUiUpdates: false,
        updateIntervalSeconds: 30,
        options: { path: `${dashboardsHome}/${stack}` },
      },
    ],
  };
}

/** Tells Grafana of the Prometheus: https://grafana.com/docs/grafana/latest/administration/provisioning/#data-sources */
export function datasource(stack: string, uid: string, url: string) {
  return {
    apiVersion: 1,
    datasources: [
      {
        name: `Prometheus of ${stack}`,
        uid,
        type: "prometheus",
        access: "proxy",
        url,
        // As often as the stack's Prometheus asks: a rate is of four of them at the least.
        jsonData: { timeInterval: "15s", httpMethod: "POST" },
      },
    ],
  };
}
