import { alignedLines } from "../../lib/cli/text.ts";

/** Lines of a table in a help text. */
export function helpRows(pairs: readonly (readonly [string, string])[]): readonly string[] {
  return alignedLines(pairs.map(([first, second]) => [`  ${first}`, second]));
}
