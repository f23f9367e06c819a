import type { Example } from "../../stack/components/agent/commands.ts";
import { helpRows } from "./help-rows.ts";

/** A help text's examples. */
export function exampleLines(examples: readonly Example[]): readonly string[] {
  if (examples.length === 0) return [];
  return ["", "Examples:", ...helpRows(examples.map(({ command, help }) => [command, help]))];
}
