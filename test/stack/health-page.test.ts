/** docs/health.md tells each check as its component declares it. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { dependencies } from "../../stack/components/index.ts";
import { parseDefinition } from "../../stack/definition/parse.ts";
import type { CheckModel } from "../../stack/model.ts";
import { resolve } from "../../stack/resolve.ts";
import { clusterDefinition } from "./components/cluster-definition.ts";

const sections = dependencies.map(({ name }) => `${name}: {}\n`).join("");
const backup = "backup: {target: {directory: /mnt/backup}}\n";
const text = `name: shop\nversion: 1.0.0\nservices: {web: {port: 8001}}\nsecrets: {key: {for: [web]}}\n${sections}${backup}metrics: {}\n`;
const { checks } = resolve(parseDefinition(text, "stack.yaml"));

t.test("docs/health.md has a line for each check that there is, and no other", async (t) => {
  const page = readFileSync(join(import.meta.dirname, "../../docs/health.md"), "utf8");
  const lines = page.split("\n").filter((line) => /^\| `[\w-]+:/.test(line));
  t.ok(checks.length > dependencies.length);
  t.strictSame(lines, checks.map(line));
});

const metricsOf = (checks: readonly CheckModel[]) =>
  checks.flatMap(({ observes, metrics = [] }) => [...(observes ? [observes.metric] : []), ...metrics]);
const single = metricsOf(checks);
/** Beside them, of a machine of a cluster. */
const clusterParts = clusterDefinition("redis: {}\nrabbitmq: {}\n");
const ofCluster = metricsOf(resolve(parseDefinition(clusterParts, "stack.yaml")).checks).filter(
  ({ name }) => !single.some((one) => one.name === name),
);
const metrics = [...single, ...ofCluster];

t.test("a metric's help is a sentence, and no two checks of different things tell the same", async (t) => {
  t.ok(ofCluster.length > 0);
  t.equal(new Set(metrics.map(({ name }) => name)).size, metrics.length);
  for (const { name, help } of metrics) t.match(help, /^[A-Z1].*\.$/, name);
});

t.test("docs/monitoring.md has a line for each metric that a check tells, and no other", async (t) => {
  const page = readFileSync(join(import.meta.dirname, "../../docs/monitoring.md"), "utf8");
  const lines = page.split("\n").filter((line) => /^\| `stack_/.test(line));
  t.strictSame(
    lines,
    metrics.map(({ name, help }) => `| \`${name}\` | ${help} |`),
  );
});

function line({ name, proves, observes }: CheckModel): string {
  return `| \`${name.replace("web:", "SERVICE:")}\` | ${proves} | ${observes === undefined ? "" : `\`${observes.metric.name}\``} |`;
}
