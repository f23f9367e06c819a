import type { SettingRow } from "../../stack/definition/setting-rows.ts";

/** A setting's line in the table of docs/stack-definition.md. */
export function settingLine({ path, description, section, required, default: value, values }: SettingRow): string {
  const choices = values.length > 1 ? ` (${values.map((one) => `\`${one}\``).join(", ")})` : "";
  const otherwise = required
    ? "needed"
    : value === undefined
      ? ""
      : `\`${JSON.stringify(value).replace(/^"(.*)"$/, "$1")}\``;
  return `| ${section ? `**\`${path}\`**` : `\`${path}\``} | ${description}${choices} | ${otherwise} |`;
}
