/** The template for Zabbix as it is written. That Zabbix takes it is proven with its own servers (test/container/zabbix.test.ts). */
import t from "tap";
import { parse } from "yaml";
import { zabbixTemplate } from "../../../builder/monitoring/zabbix/zabbix-template.ts";
import { alertRules } from "../../../stack/components/metrics/alert-rules.ts";
import type { MetricsSettings } from "../../../stack/components/metrics/settings.ts";
import type { Model } from "../../../stack/model.ts";
import { everything, smallest } from "./everything.ts";
import { declaredMetrics, toldMetrics } from "./told-metrics.ts";

interface Trigger {
  readonly expression: string;
  readonly name: string;
  readonly priority: string;
  readonly description: string;
}

interface Item {
  readonly key: string;
  readonly name: string;
  readonly type: string;
  readonly master_item?: { readonly key: string };
  readonly preprocessing?: readonly { readonly type: string; readonly parameters: readonly string[] }[];
  readonly triggers?: readonly Trigger[];
  readonly trigger_prototypes?: readonly Trigger[];
}

interface Rule extends Item {
  readonly item_prototypes: readonly Item[];
  readonly lld_macro_paths: readonly { readonly lld_macro: string; readonly path: string }[];
}

interface Template {
  readonly template: string;
  readonly items: readonly Item[];
  readonly discovery_rules: readonly Rule[];
}

function templateOf(stack: Model): Template {
  const { zabbix_export: found } = parse(zabbixTemplate(stack)) as { zabbix_export: { templates: [Template] } };
  return found.templates[0];
}

const text = zabbixTemplate(everything);
const { template, items, discovery_rules: rules } = templateOf(everything);
const prototypes = rules.flatMap(({ item_prototypes: all }) => all);
const all = [...items, ...prototypes];
const problems = all.flatMap(({ triggers = [], trigger_prototypes: more = [] }) => [...triggers, ...more]);

t.test("it is in the format of 6.0, and the same each time", async (t) => {
  t.match(parse(text), { zabbix_export: { version: "6.0", templates: { length: 1 } } });
  t.equal(zabbixTemplate(everything), text);
});

t.test("each part has an identifier as Zabbix asks for it, of no other part", async (t) => {
  const found = [...text.matchAll(/uuid: '(.*)'/g)].map(([, uuid = ""]) => uuid);
  t.ok(found.length > 100);
  for (const uuid of found) t.match(uuid, /^[0-9a-f]{12}4[0-9a-f]{3}[89ab][0-9a-f]{15}$/);
  t.equal(new Set(found).size, found.length);
  const other = [...zabbixTemplate(smallest("other")).matchAll(/uuid: '(.*)'/g)].map(([, uuid = ""]) => uuid);
  t.equal(other.filter((uuid) => found.includes(uuid)).length, 1, "another stack's has the group alone in common");
});

t.test("one item asks, and all others are of its answer", async (t) => {
  const [master, ...others] = [...all, ...rules];
  t.match(master, { type: "HTTP_AGENT", key: "stack.metrics" });
  for (const { type, key, master_item: of } of others)
    t.match({ type, of }, { type: "DEPENDENT", of: { key: "stack.metrics" } }, key);
  t.equal(new Set(all.map(({ key }) => key)).size, all.length, "keys are of one item each");
});

t.test("what the agent tells, and nothing else, is asked for; nothing that checks tell is missing", async (t) => {
  const asked = new Set(
    [...all, ...rules]
      .flatMap(({ preprocessing = [] }) => preprocessing)
      .filter(({ type }) => type.startsWith("PROMETHEUS"))
      .map(({ parameters: [pattern = ""] }) => pattern.replace(/\{.*/, "")),
  );
  const told = toldMetrics(everything);
  t.strictSame(
    [...asked].filter((name) => !told.has(name)),
    [],
  );
  t.strictSame(
    declaredMetrics(everything)
      .filter(({ name }) => !asked.has(name))
      .map(({ name }) => name),
    [],
  );
});

t.test("what is discovered names its own macro, and no other", async (t) => {
  for (const { item_prototypes: made, lld_macro_paths: paths, name } of rules) {
    const [{ lld_macro: macro } = { lld_macro: "" }] = paths;
    for (const item of made) {
      t.ok(item.key.includes(macro), `${name}: ${item.key}`);
      t.strictSame([...new Set(JSON.stringify(item).match(/\{#\w+\}/g))], [macro], `${name}: ${item.key}`);
    }
  }
});

t.test("each alert of Prometheus's is a problem here, with its words and its command", async (t) => {
  const alerts = alertRules(everything, everything.metrics as MetricsSettings).groups.flatMap(({ rules }) => rules);
  // Of targets knows who asks them.
  const expected = alerts.filter(({ alert }) => alert !== "TargetDown");
  t.equal(problems.length, expected.length);
  for (const { alert, annotations, labels } of expected) {
    const plain = (words: string): string => words.replaceAll(/\{\{[^}]*\}\}|\{#\w+\}|\{ITEM[^}]*\}/g, "…");
    const priority = labels.severity === "critical" ? "HIGH" : "WARNING";
    const found = problems.find((one) => plain(one.name) === plain(annotations.summary) && one.priority === priority);
    t.equal(plain(found?.description ?? ""), `In the container: ${plain(annotations.command)}`, alert);
    t.notMatch(JSON.stringify(found), "{{", alert);
  }
  t.match(problems.find(({ name }) => name.includes("messages wait"))?.expression, ">50", "the definition's own limit");
});

t.test("a problem's expression is of items that there are", async (t) => {
  const keys = new Set(all.map(({ key }) => key));
  for (const { expression } of problems) {
    const named = [...expression.matchAll(new RegExp(`/${template}/(\\w+(?:\\["[^"]*"\\])?)`, "g"))];
    t.ok(named.length > 0, expression);
    for (const [, key = ""] of named) t.ok(keys.has(key), key);
  }
});

t.test("what a stack does not have is not in it", async (t) => {
  const small = zabbixTemplate(smallest());
  for (const word of ["postgres", "redis", "rabbitmq", "backup"]) t.notMatch(small, new RegExp(word, "i"));
  t.match(small, "stack_service_restarts_total");
});
