import * as z from "zod/mini";
import { definitionSchema } from "./schema.ts";

/** JSON Schema (draft 2020-12) of a stack.yaml, for editors: `build-template --schema`. */
export function definitionJsonSchema(): object {
  return { title: "stack.yaml", ...z.toJSONSchema(definitionSchema, { io: "input" }) };
}
