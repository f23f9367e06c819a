import { readFileSync } from "node:fs";
import { parseDefinition } from "../../stack/definition/parse.ts";
import type { Model } from "../../stack/model.ts";
import { resolve } from "../../stack/resolve.ts";

/** The default stack. */
export function stackModel(): Model {
  const path = "stack/stock-analysis.yaml";
  return resolve(parseDefinition(readFileSync(path, "utf8"), path));
}
