import { readFileSync } from "node:fs";
import type { Suite } from "../../stack/debian.ts";
import { parseDefinition } from "../../stack/definition/parse.ts";
import type { Model } from "../../stack/model.ts";
import { resolve } from "../../stack/resolve.ts";

/** The default stack, on Debian 12 unless said otherwise. */
export function stackModel(debian: Suite = "bookworm"): Model {
  const path = "stack/stock-analysis.yaml";
  return resolve({ ...parseDefinition(readFileSync(path, "utf8"), path), debian });
}
