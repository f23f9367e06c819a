import * as z from "zod/mini";
import { definitionSchema } from "./schema.ts";
import { formatMiB } from "./size.ts";

/** What of JSON Schema a stack.yaml's schema is made of. */
export interface JsonSchema {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly examples?: readonly unknown[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly items?: JsonSchema;
  readonly anyOf?: readonly JsonSchema[];
  readonly additionalProperties?: JsonSchema | boolean;
  readonly patternProperties?: Readonly<Record<string, JsonSchema>>;
}

/** JSON Schema (draft 2020-12) of a stack.yaml, for editors: `build-template --schema`. */
export function definitionJsonSchema(): JsonSchema {
  const schema = z.toJSONSchema(definitionSchema, {
    io: "input",
    // Sizes are read as MiB; what is written in the file by default is a text.
    override: ({ zodSchema, jsonSchema }) => {
      const { def } = zodSchema._zod;
      if (def.type === "default" && jsonSchema.default === undefined && typeof def.defaultValue === "number") {
        jsonSchema.default = formatMiB(def.defaultValue);
      }
      // Extensions, as in compose.
      if (jsonSchema.additionalProperties === false) jsonSchema.patternProperties = { "^x-": {} };
    },
  });
  return { title: "stack.yaml", ...schema } as JsonSchema;
}
