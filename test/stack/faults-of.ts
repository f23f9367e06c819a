import { isStackError, type StackError } from "../../lib/error.ts";
import type { Fault } from "../../stack/definition/fault.ts";
import { readDefinition } from "../../stack/definition/parse.ts";
import type { Definition } from "../../stack/definition/schema.ts";

/** What is wrong with a stack.yaml, a line a fault; none for one that is right. */
export function faultsOf(
  text: string,
  set: readonly string[] = [],
  more?: (definition: Definition) => readonly Fault[],
): readonly string[] {
  try {
    readDefinition(text, "stack.yaml", set, more);
    return [];
  } catch (error) {
    if (isStackError(error)) return refused(error);
    throw error;
  }
}

function refused({ code, exit, detail }: StackError): readonly string[] {
  if (code !== "definition-invalid" || exit !== 64) throw new TypeError(`${code} with ${exit} is no refusal`);
  return detail;
}
