import { readFileSync } from "node:fs";
import type { Suite } from "../../stack/debian.ts";
import { parseDefinition } from "../../stack/definition/parse.ts";
import type { Definition } from "../../stack/definition/schema.ts";
import type { Model } from "../../stack/model.ts";
import { resolve } from "../../stack/resolve.ts";

/** The default stack, on Debian 12 unless said otherwise; `other` sections in the place of its own. */
export function stackModel(debian: Suite = "bookworm", other: Partial<Definition> = {}): Model {
  const path = "stack/stock-analysis.yaml";
  return resolve({ ...parseDefinition(readFileSync(path, "utf8"), path), debian, ...other });
}
