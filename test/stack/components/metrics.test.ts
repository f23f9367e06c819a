/** Prometheus's and Alertmanager's own programs judge what is written for them. */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import t from "tap";
import { run } from "../../../lib/run.ts";
import { dependencies } from "../../../stack/components/index.ts";
import { alertRules } from "../../../stack/components/metrics/alert-rules.ts";
import { alertmanagerConfig } from "../../../stack/components/metrics/alertmanager-config.ts";
import { prometheusConfig } from "../../../stack/components/metrics/prometheus-config.ts";
import type { MetricsSettings } from "../../../stack/components/metrics/settings.ts";
import { parseDefinition } from "../../../stack/definition/parse.ts";
import { resolve } from "../../../stack/resolve.ts";
import { needs } from "../../container/needs.ts";
import { faultsOf } from "../faults-of.ts";

const text = `name: shop
version: 1.0.0
backup: {target: {directory: /mnt/backup}}
metrics:
  queueLimit: 50
  targets: {nodes: ["10.1.1.5:9100"]}
  receivers:
    on-call: {webhook: {url: "http://10.1.1.9/hook", secret: hook_token}}
    phone: {ntfy: {url: "https://ntfy.example/shop"}}
    mail: {email: {to: ops@example.com, from: shop@example.com, smarthost: "mail.example.com:587", secret: mail_password}}
secrets:
  hook_token: {for: [alertmanager]}
  mail_password: {for: [alertmanager]}
services: {web: {port: 8001}}
${dependencies.map(({ name }) => `${name}: {}\n`).join("")}`;
const model = resolve(parseDefinition(text, "stack.yaml"));
const metrics = model.metrics as MetricsSettings;

t.test("they run on loopback as their own user, and are left out where no section asks for them", async (t) => {
  t.match(
    model.processes.filter(({ component }) => component === "metrics"),
    [{ unit: "prometheus.service" }, { unit: "prometheus-alertmanager.service", credentials: { length: 2 } }],
  );
  t.match(
    model.ports.filter(({ owner }) => owner === "metrics"),
    [
      { port: 9090, bind: "loopback" },
      { port: 9093, bind: "loopback" },
    ],
  );
  t.match(model.givenSecrets, [{ services: [{ unit: "prometheus-alertmanager.service" }] }, {}]);
  const without = resolve(parseDefinition("name: shop\nversion: 1.0.0\nservices: {web: {port: 8001}}\n", "f"));
  t.notOk(without.packages.includes("prometheus"));
});

t.test("the agent, the services and the definition's own targets are asked", async (t) => {
  t.match(prometheusConfig(model, metrics).scrape_configs, [
    { job_name: "stack-agent", static_configs: [{ targets: ["127.0.0.1:8000"] }] },
    { job_name: "services", static_configs: [{ targets: ["127.0.0.1:8001"], labels: { service: "web" } }] },
    { job_name: "prometheus" },
    { job_name: "alertmanager" },
    { job_name: "target-nodes", static_configs: [{ targets: ["10.1.1.5:9100"] }] },
  ]);
});

t.test("what is wrong with the section is told", async (t) => {
  const faults = (lines: string) => faultsOf(`name: shop\nversion: 1.0.0\nservices: {web: {port: 9090}}\n${lines}`);
  t.match(faults("metrics: {}\n"), [/port 9090 is also Prometheus's/]);
  t.match(faults("metrics: {port: 9092, receivers: {on-call: {webhook: {url: 'http://a/b', secret: token}}}}\n"), [
    /is no secret that is for alertmanager/,
  ]);
  t.match(faults("metrics: {port: 9092, receivers: {on-call: {}}}\n"), [/must have one of email, webhook, ntfy/]);
});

/** A minute after a minute: how a metric's value was, and which alerts that makes. */
const cases: readonly {
  readonly what: string;
  readonly series: string;
  readonly values: string;
  readonly alert: string;
  readonly labels?: object;
  readonly severity: "critical" | "warning";
}[] = [
  {
    what: "a stopped node",
    series: 'stack_redis_node_up{node="6380"}',
    values: "1 1 0x8 1x8",
    alert: "RedisNodeDown",
    labels: { node: "6380" },
    severity: "critical",
  },
  {
    what: "a full disk",
    series: "stack_disk_used_ratio",
    values: "0.5 0.5 0.97x8 0.5x8",
    alert: "DiskFull",
    severity: "critical",
  },
  {
    what: "a growing queue",
    series: 'stack_rabbitmq_queue_messages_ready{queue="shop-web"}',
    values: "0 50 51x8 3x8",
    alert: "QueueLong",
    labels: { queue: "shop-web" },
    severity: "warning",
  },
  {
    what: "a silent backup",
    series: 'stack_component_status{component="backup"}',
    values: "0 0 1x8 0x8",
    alert: "BackupSilent",
    labels: { component: "backup" },
    severity: "warning",
  },
  {
    what: "a failing component",
    series: 'stack_component_up{component="postgres"}',
    values: "1 1 0x8 1x8",
    alert: "ComponentDown",
    labels: { component: "postgres" },
    severity: "critical",
  },
];

t.test("their own programs accept what is written for them, and the rules tell what they should", async (t) => {
  const tools = await Promise.all(
    ["promtool", "amtool"].map((tool) => run(tool, ["--version"]).catch(() => undefined)),
  );
  const isHere = tools.every((tool) => tool !== undefined);
  if (!needs(t, isHere ? "" : "not installed: apt-get install prometheus prometheus-alertmanager")) return;
  const folder = await mkdtemp(join(tmpdir(), "stack-metrics-"));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  const write = async (name: string, content: object): Promise<string> => {
    const path = join(folder, name);
    await writeFile(path, JSON.stringify(content));
    return path;
  };
  const rules = alertRules(model, metrics);
  const rulesFile = await write("rules.yml", rules);
  const config = { ...prometheusConfig(model, metrics), rule_files: [rulesFile] };
  await run("promtool", ["check", "config", await write("prometheus.yml", config)]);
  const tests = cases.map(({ what, series, values, alert, labels = {}, severity }) => {
    const rule = rules.groups.flatMap((group) => group.rules).find((one) => one.alert === alert);
    const told = { exp_labels: { severity, ...labels } };
    const at = (eval_time: string, isTold: boolean) => ({
      eval_time,
      alertname: alert,
      exp_alerts: isTold ? [{ ...told, exp_annotations: filled(rule?.annotations, labels) }] : [],
    });
    return {
      name: what,
      interval: "15s",
      input_series: [{ series, values }],
      // Nothing at first; two minutes at most until it is told; nothing once it is over.
      alert_rule_test: [at("15s", false), at("2m", true), at("3m45s", false)],
    };
  });
  const told = await run(
    "promtool",
    ["test", "rules", await write("test.yml", { rule_files: [rulesFile], evaluation_interval: "15s", tests })],
    { accept: [0, 1] },
  );
  t.equal(told.code, 0, told.stdout + told.stderr);
  await run("amtool", ["check-config", await write("alertmanager.yml", alertmanagerConfig(metrics))]);
});

/** Annotations as Prometheus fills them in. */
function filled(annotations: Readonly<Record<string, string>> = {}, labels: object) {
  const values: Readonly<Record<string, string>> = { ...labels };
  const fill = (text: string): string =>
    text
      .replace(/\{\{ \$labels\.(\w+) \}\}/g, (_, name: string) => values[name] ?? "")
      .replace("{{ $value | humanizePercentage }}", "97%")
      .replace("{{ $value }}", "51");
  return Object.fromEntries(Object.entries(annotations).map(([name, text]) => [name, fill(text)]));
}

t.test("docs/monitoring.md has a line for each alert, and no other", async (t) => {
  const page = await readFile(join(import.meta.dirname, "../../../docs/monitoring.md"), "utf8");
  const all = alertRules(model, { ...metrics, queueLimit: 1000 }).groups.flatMap(({ rules }) => rules);
  t.strictSame(
    page.split("\n").filter((line) => /^\| `[A-Z]/.test(line)),
    all.map(({ alert, expr, for: lasting, labels }) => {
      return `| \`${alert}\` | \`${expr.replaceAll("|", "\\|")}\`, for ${lasting} | ${labels.severity} |`;
    }),
  );
});
