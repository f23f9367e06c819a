import type { JsonSchema } from "./json-schema.ts";

/** One key of a stack.yaml, as people read of it. */
export interface SettingRow {
  /** `container.memory`; NAME stands for a name of the user's. */
  readonly path: string;
  readonly description: string;
  /** A section holds other settings. */
  readonly section: boolean;
  readonly required: boolean;
  /** undefined where there is none, or it follows from another setting (the description says). */
  readonly default: unknown;
  /** What it could be, where there is no default. */
  readonly example: unknown;
  /** The only values there are, where they are few. */
  readonly values: readonly unknown[];
}

/** Every key of a definition in the schema's order, sections before what is in them. */
export function settingRows(schema: JsonSchema, path = ""): SettingRow[] {
  return Object.entries(schema.properties ?? {}).flatMap(([key, value]) =>
    rowsOf(value, path === "" ? key : `${path}.${key}`, schema.required?.includes(key) ?? false),
  );
}

function rowsOf(schema: JsonSchema, path: string, required: boolean): SettingRow[] {
  const entries = typeof schema.additionalProperties === "object" ? schema.additionalProperties : undefined;
  const choices = schema.anyOf?.find((choice) => choice.properties !== undefined);
  const row: SettingRow = {
    path,
    description: schema.description ?? "",
    section: schema.properties !== undefined || entries !== undefined,
    required,
    default: schema.properties === undefined ? schema.default : undefined,
    example: schema.examples?.[0],
    values: schema.enum ?? [],
  };
  const inner = choices ?? schema;
  return [row, ...settingRows(inner, path), ...(entries === undefined ? [] : settingRows(entries, `${path}.NAME`))];
}
