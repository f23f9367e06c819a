import { loopback } from "../../loopback.ts";
import type { BareModel } from "../../model.ts";
import type { MetricsSettings } from "./settings.ts";

/** Seconds from one look to the next; an alert's rules are worked out as often. */
const interval = "15s";

/** Where Prometheus finds its rules. */
export const rulesPath = "/etc/prometheus/stack-rules.yml";

/**
 * What Prometheus asks, and whom it tells: the agent, each service at its own port, the definition's
 * other targets. (https://prometheus.io/docs/prometheus/2.42/configuration/configuration/)
 */
export function prometheusConfig(stack: Pick<BareModel, "name" | "services" | "definition">, metrics: MetricsSettings) {
  const here = (port: number): string => `${loopback}:${port}`;
  const job = (job_name: string, static_configs: readonly object[]) => ({ job_name, static_configs });
  return {
    global: { scrape_interval: interval, evaluation_interval: interval, external_labels: { stack: stack.name } },
    rule_files: [rulesPath],
    alerting: { alertmanagers: [{ static_configs: [{ targets: [here(metrics.alertmanagerPort)] }] }] },
    scrape_configs: [
      job("stack-agent", [{ targets: [here(stack.definition.agent.port)] }]),
      // An application needn't have /metrics: that it answers nothing is no alert.
      job(
        "services",
        stack.services.map(({ name, port }) => ({ targets: [here(port)], labels: { service: name } })),
      ),
      job("prometheus", [{ targets: [here(metrics.port)] }]),
      job("alertmanager", [{ targets: [here(metrics.alertmanagerPort)] }]),
      ...Object.entries(metrics.targets).map(([name, targets]) => job(`target-${name}`, [{ targets }])),
    ],
  };
}
