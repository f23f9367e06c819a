import { ExitCode, StackError } from "../../lib/error.ts";
import { readTextIfAny } from "../../lib/files.ts";
import { parseDefinition } from "../../stack/definition/parse.ts";
import { machinePaths } from "../../stack/machine-paths.ts";
import type { Model } from "../../stack/model.ts";
import { resolve } from "../../stack/resolve.ts";

/**
 * The model of the definition in force.
 *
 * @throws StackError `definition-missing`, and `definition-invalid` as parseDefinition does; both exit 64
 */
export async function loadModel(definitionPath: string = machinePaths.definition): Promise<Model> {
  const text = await readTextIfAny(definitionPath);
  if (text === undefined) {
    throw new StackError("definition-missing", `there is no stack definition at ${definitionPath}`, {
      hint: "a template made by build-template has one; on a bare host copy your stack.yaml there",
      exit: ExitCode.usage,
    });
  }
  return resolve(parseDefinition(text, definitionPath));
}
