import { createHash } from "node:crypto";
import { stringify } from "yaml";
import type { Model } from "../../../stack/model.ts";
import { type Discovery, discoveries } from "./discoveries.ts";
import type { Figure } from "./figure.ts";
import { singleFigures } from "./single-figures.ts";
import { type Trigger, triggers } from "./triggers.ts";

/** The item that asks; all others are made of its answer. */
const master = "stack.metrics";

const group = "Templates/Stacks";

const wordTables = {
  status: { 0: "passes", 1: "warns", 2: "fails" },
  up: { 0: "down", 1: "up" },
  success: { 0: "failed", 1: "succeeded" },
} as const;

/**
 * A stack as a template of Zabbix's, in the export format of 6.0, which later ones take too: one item asks the agent
 * for /metrics, and all others are cut out of its answer.
 * (https://www.zabbix.com/documentation/6.0/en/manual/xml_export_import/templates)
 */
export function zabbixTemplate(stack: Model): string {
  const template = `stack-${stack.name}`;
  const several = discoveries(stack);
  const uuid = (...what: readonly string[]): string => uuidOf([template, ...what].join("\n"));
  const keys = new Map([
    ...singleFigures(stack, several).map(({ name }): [string, string] => [name, name]),
    ...several.flatMap(({ figures, macro }) =>
      figures.map(({ name }): [string, string] => [name, `${name}["${macro}"]`]),
    ),
  ]);
  const keyOf = (name: string): string => keys.get(name) ?? name;
  const all = triggers(stack, (name) => `/${template}/${keyOf(name)}`);
  const itemOf = (figure: Figure, several?: Discovery) => {
    const made = all.filter(({ of }) => of === figure.name).map((trigger) => triggerOf(trigger, uuid));
    const key = keyOf(figure.name);
    return {
      uuid: uuid("item", key),
      name: `${several === undefined ? "" : `${several.one} ${several.macro}: `}${figure.help.replace(/\.$/, "")}`,
      type: "DEPENDENT",
      key,
      delay: "0",
      history: "7d",
      ...kept(figure),
      ...(figure.words && { valuemap: { name: figure.words } }),
      preprocessing: preprocessing(figure, several),
      master_item: { key: master },
      tags: [{ tag: "component", value: several?.title ?? "Stack" }],
      ...(made.length > 0 && { [several === undefined ? "triggers" : "trigger_prototypes"]: made }),
    };
  };
  const document = {
    version: "6.0",
    date: "2026-01-01T00:00:00Z",
    groups: [{ uuid: uuidOf(group), name: group }],
    templates: [
      {
        uuid: uuid(),
        template,
        name: `Stack ${stack.name}`,
        description: `What the agent of a container of ${stack.name} tells at /metrics. A problem's description names the command, in the container, that tells more.`,
        groups: [{ name: group }],
        items: [
          {
            uuid: uuid("item", master),
            name: "What the agent tells",
            type: "HTTP_AGENT",
            key: master,
            delay: "{$STACK.INTERVAL}",
            history: "0",
            trends: "0",
            value_type: "TEXT",
            url: "http://{HOST.CONN}:{$STACK.PORT}/metrics",
            tags: [{ tag: "component", value: "Stack" }],
          },
          ...singleFigures(stack, several).map((figure) => itemOf(figure)),
        ],
        discovery_rules: several.map((found) => ({
          uuid: uuid("discovery", found.title),
          name: found.title,
          type: "DEPENDENT",
          key: `stack.discovery[${found.by}]`,
          delay: "0",
          lifetime: "7d",
          item_prototypes: found.figures.map((figure) => itemOf(figure, found)),
          master_item: { key: master },
          lld_macro_paths: [{ lld_macro: found.macro, path: `$.labels.${found.label}` }],
          preprocessing: [{ type: "PROMETHEUS_TO_JSON", parameters: [found.by] }],
        })),
        macros: [
          { macro: "{$STACK.INTERVAL}", value: "30s", description: "How often the agent is asked" },
          { macro: "{$STACK.NODATA}", value: "2m", description: "How long it may say nothing" },
          { macro: "{$STACK.PORT}", value: `${stack.definition.agent.port}`, description: "The agent's port" },
        ],
        valuemaps: Object.entries(wordTables).map(([name, table]) => ({
          uuid: uuid("valuemap", name),
          name,
          mappings: Object.entries(table).map(([value, newvalue]) => ({ value, newvalue })),
        })),
      },
    ],
  };
  // Words in quotes, so that none is taken for a number or a yes.
  return stringify(
    { zabbix_export: document },
    { defaultStringType: "QUOTE_SINGLE", defaultKeyType: "PLAIN", lineWidth: 0 },
  );
}

/** What kind of values, and in which unit. */
function kept({ name, type, text }: Figure): object {
  if (text !== undefined) return { value_type: "CHAR", trends: "0" };
  const unit = type === "counter" ? "" : (Object.entries(units).find(([end]) => name.endsWith(end))?.[1] ?? "");
  return { value_type: "FLOAT", ...(unit !== "" && { units: unit }) };
}

/** By the end of a name, the longest first. */
const units: Readonly<Record<string, string>> = {
  _timestamp_seconds: "unixtime",
  _seconds: "s",
  _bytes: "B",
  _ratio: "%",
};

function preprocessing({ name, type, text, pattern = name }: Figure, several?: Discovery): readonly object[] {
  const which = several === undefined ? "" : `{${several.label}="${several.macro}"}`;
  const cut = text === undefined ? ["value", ""] : ["label", text];
  return [
    // What is missing since its component is down is no fault of the item.
    { type: "PROMETHEUS_PATTERN", parameters: [`${pattern}${which}`, ...cut], error_handler: "DISCARD_VALUE" },
    ...(type === "counter" ? [{ type: "CHANGE_PER_SECOND", parameters: [""] }] : []),
    ...(name.endsWith("_ratio") ? [{ type: "MULTIPLIER", parameters: ["100"] }] : []),
  ];
}

function triggerOf({ expression, name, severity, command }: Trigger, uuid: (...what: readonly string[]) => string) {
  return {
    uuid: uuid("trigger", expression),
    expression,
    name,
    priority: severity,
    description: `In the container: ${command}`,
    tags: [{ tag: "scope", value: "stack" }],
  };
}

/** Of the same words the same, in the form that Zabbix asks for: a version 4 without dashes. */
function uuidOf(words: string): string {
  const hex = createHash("sha256").update(words).digest("hex");
  return `${hex.slice(0, 12)}4${hex.slice(13, 16)}a${hex.slice(17, 32)}`;
}
