import { loopback } from "../../loopback.ts";
import type { BareModel } from "../../model.ts";
import { checkModels } from "../check-models.ts";
import type { DeclaredFile, OwnPart } from "../component.ts";
import type { Process } from "../process.ts";
import { buildFile } from "../system/component.ts";
import { alertRules } from "./alert-rules.ts";
import { alertmanagerConfig, alertmanagerUnit, receiverSecrets } from "./alertmanager-config.ts";
import { metricsChecks } from "./checks.ts";
import { prometheusConfig, rulesPath } from "./prometheus-config.ts";
import type { MetricsSettings } from "./settings.ts";

const prometheusUnit = "prometheus.service";
const data = "/var/lib/prometheus";

/** Beside the packages' own files, which dpkg would ask about. */
const configs = { prometheus: "/etc/prometheus/stack.yml", alertmanager: "/etc/prometheus/stack-alertmanager.yml" };

/** The account of both, as Debian's packages name it. */
export const metricsUser = "prometheus";

/** Prometheus and Alertmanager, on loopback. No service waits for them, and they wait for none. */
export const metrics: OwnPart = {
  name: "metrics",
  packages: () => ["prometheus", "prometheus-alertmanager"],
  packagedAccounts: [
    { name: metricsUser, id: 307, user: { comment: "Prometheus daemon", home: data, shell: "/usr/sbin/nologin" } },
  ],
  ports: (stack) => {
    const { port, alertmanagerPort } = own(stack);
    return [
      { port, owner: "metrics", what: "Prometheus", bind: "loopback" },
      { port: alertmanagerPort, owner: "metrics", what: "Alertmanager", bind: "loopback" },
    ];
  },
  checks: () => checkModels(metricsChecks, "system"),
  processes: (stack) => [prometheus(stack.name, own(stack)), alertmanager(stack.name, own(stack))],
  units: () => [],
  files: (stack) => [
    ...[data, `${data}/metrics2`, `${data}/alertmanager`].map(
      (path) =>
        ({ path, kind: "directory", mode: 0o750, owner: `${metricsUser}:${metricsUser}`, when: "build" }) as const,
    ),
    config(configs.prometheus, prometheusUnit, prometheusConfig(stack, own(stack))),
    config(rulesPath, prometheusUnit, alertRules(stack, own(stack))),
    config(configs.alertmanager, alertmanagerUnit, alertmanagerConfig(own(stack))),
  ],
};

/** Only a stack that has the section has the part. */
function own({ metrics }: BareModel): MetricsSettings {
  if (metrics === undefined) throw new TypeError("this stack has no section metrics");
  return metrics;
}

/** JSON, which is YAML too. */
function config(path: string, unit: string, content: object): DeclaredFile {
  return { ...buildFile(path, "rootfs-overlay/etc/prometheus/config.yml.ejs"), unit, data: { content } };
}

function prometheus(name: string, { port, days, disk, targets }: MetricsSettings): Process {
  return {
    ...common,
    unit: prometheusUnit,
    logName: "prometheus",
    title: `Prometheus of ${name}`,
    command: [
      "/usr/bin/prometheus",
      `--config.file=${configs.prometheus}`,
      `--storage.tsdb.path=${data}/metrics2`,
      `--storage.tsdb.retention.time=${days}d`,
      `--storage.tsdb.retention.size=${disk}MB`,
      `--web.listen-address=${loopback}:${port}`,
      "--log.level=warn",
    ],
    environment: [
      { name: "GOMEMLIMIT", value: "256MiB", why: "Collects its garbage sooner rather than grow beyond it." },
    ],
    startWithin: { value: Infinity, why: "It reads what it wrote last, as long as there is." },
    stop: { value: { within: 60 } },
    openFiles: 32_768,
    writable: [`${data}/metrics2`],
    ...(Object.keys(targets).length > 0 && { sandbox: { network: "any" } }),
  };
}

function alertmanager(name: string, settings: MetricsSettings): Process {
  return {
    ...common,
    unit: alertmanagerUnit,
    logName: "alertmanager",
    title: `Alertmanager of ${name}`,
    command: [
      "/usr/bin/prometheus-alertmanager",
      `--config.file=${configs.alertmanager}`,
      `--storage.path=${data}/alertmanager`,
      `--web.listen-address=${loopback}:${settings.alertmanagerPort}`,
      // One alone: it speaks with no others.
      "--cluster.listen-address=",
      "--log.level=warn",
    ],
    credentials: receiverSecrets(settings).map((secret) => ({ name: secret, secret, orEmpty: true as const })),
    stop: { value: { within: 20 } },
    writable: [`${data}/alertmanager`],
    sandbox: { network: "any" },
  };
}

const common = { user: metricsUser, ready: "executed", reloadSignal: "SIGHUP", restart: "always" } as const;
