import { readFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { definitionJsonSchema } from "../../stack/definition/json-schema.ts";
import { settingRows } from "../../stack/definition/setting-rows.ts";
import { settingLine } from "./setting-line.ts";

t.test("docs/stack-definition.md has a line for each setting of the schema, and no other", async (t) => {
  const page = readFileSync(join(import.meta.dirname, "../../docs/stack-definition.md"), "utf8");
  const lines = page.split("\n").filter((line) => /^\| (\*\*)?`/.test(line));
  t.strictSame(lines, settingRows(definitionJsonSchema()).map(settingLine));
});
