import { ExitCode, StackError } from "../../lib/error.ts";

/** @throws StackError `usage` */
export function outputFormat(format: string | undefined): "table" | "json" {
  if (format === undefined || format === "table" || format === "json") return format ?? "table";
  throw new StackError("usage", `--format must be table or json, not ${format}`, { exit: ExitCode.usage });
}
