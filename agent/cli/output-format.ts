import { ExitCode, StackError } from "../../lib/error.ts";

/**
 * `--format table` and `--format json`; `--json` is the latter, as beside every other table.
 *
 * @throws StackError `usage`
 */
export function outputFormat({
  format,
  json,
}: {
  readonly format?: string;
  readonly json?: boolean;
}): "table" | "json" {
  if (json === true) return "json";
  if (format === undefined || format === "table" || format === "json") return format ?? "table";
  throw new StackError("usage", `--format must be table or json, not ${format}`, { exit: ExitCode.usage });
}
