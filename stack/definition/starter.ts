import { stringify } from "yaml";
import { type DependencyName, dependencyNames } from "../components/names.ts";
import { definitionJsonSchema } from "./json-schema.ts";
import { type SettingRow, settingRows } from "./setting-rows.ts";

export interface Starter {
  readonly name: string;
  /** Components that the stack begins with; the others' sections are commented out whole. */
  readonly components: readonly DependencyName[];
  /** The services, as they stand in the file. */
  readonly services: string;
}

/**
 * A stack.yaml to begin with: every setting there is with what it does, all but the needed
 * ones commented out at their defaults. Made from the schema, so it can't be out of date.
 */
export function starterDefinition({ name, components, services }: Starter): string {
  const rows = settingRows(definitionJsonSchema());
  const depth = ({ path }: SettingRow): number => path.split(".").length;
  const below = (path: string): SettingRow[] => rows.filter((row) => row.path.startsWith(`${path}.`));
  const without: readonly string[] = [
    ...dependencyNames.filter((one) => !components.includes(one)),
    "backup",
    "metrics",
  ];
  const isMap = ({ path }: SettingRow): boolean => below(path).some((one) => one.path.startsWith(`${path}.NAME.`));
  const fieldsOf = ({ path }: Pick<SettingRow, "path">): string[] =>
    below(path).map((one) => `#   ${lastKey(one.path)}: ${one.description}\n`);
  const parts = rows
    // A cluster takes three machines: docs/cluster.md.
    .filter((row) => depth(row) === 1 && row.path !== "services" && row.path !== "cluster")
    .map((row) => {
      if (!row.section) return setting(row, name, "", row.required);
      if (isMap(row)) return `\n# ${row.description}\n${fieldsOf(row).join("")}# ${row.path}: {}\n`;
      // In the place of the others, not beside them: docs/external-engines.md.
      const inner = below(row.path).filter((one) => depth(one) === 2 && lastKey(one.path) !== "external");
      if (without.some((one) => one === row.path)) return `\n${commented(section(row, inner, name, inner))}`;
      // A section with nothing in it would be no section: its first setting is written out.
      return `\n${section(row, inner, name, inner.filter((one) => one.default !== undefined).slice(0, 1))}`;
    });
  return [
    "# yaml-language-server: $schema=./stack.schema.json\n",
    "# What is commented out shows its default. A section that is not here is not in the stack.\n\n",
    ...parts,
    `\n# ${rows.find(({ path }) => path === "services")?.description}\n`,
    ...fieldsOf({ path: "services" }),
    services,
  ].join("");
}

function section(
  { path, description }: SettingRow,
  inner: readonly SettingRow[],
  name: string,
  live: readonly SettingRow[],
): string {
  const settings = inner.map((row) => setting(row, name, "  ", live.includes(row)));
  return `# ${description}\n${path}:\n${settings.join("")}`;
}

function setting(row: SettingRow, name: string, indent: string, live: boolean): string {
  const values = row.values.length > 1 ? ` (${row.values.join(", ")})` : "";
  const text = stringify(value(row, name), { collectionStyle: "flow", flowCollectionPadding: false }).trim();
  return `${indent}# ${row.description}${values}\n${indent}${live ? "" : "# "}${lastKey(row.path)}: ${text}\n`;
}

function value(row: SettingRow, name: string): unknown {
  if (row.path === "name") return name;
  if (row.path === "version") return "0.1.0";
  if (row.default !== undefined) return row.default;
  if (row.example !== undefined) return row.example;
  if (row.section) return {};
  const derived = /default: (\S+)$/.exec(row.description)?.[1] ?? "";
  return derived.replace("NAME", derived.includes("_") ? name.replaceAll("-", "_") : name);
}

function commented(text: string): string {
  return text.replace(/^(?=.)/gm, "# ");
}

function lastKey(path: string): string {
  return path.slice(path.lastIndexOf(".") + 1);
}
