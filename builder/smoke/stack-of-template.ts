import { ExitCode, isStackError, StackError } from "../../lib/error.ts";
import { exists } from "../../lib/files.ts";
import { compressionFlag } from "../../lib/lxc/compression-flag.ts";
import { run } from "../../lib/run.ts";
import { parseDefinition } from "../../stack/definition/parse.ts";
import { machinePaths } from "../../stack/machine-paths.ts";
import type { Model } from "../../stack/model.ts";
import { resolve } from "../../stack/resolve.ts";

const path = `.${machinePaths.definition}`;

/** The stack that a template holds. @throws StackError `no-template`, `not-a-template`, exit 64 */
export async function stackOfTemplate(template: string, signal: AbortSignal): Promise<Model> {
  if (!(await exists(template))) {
    throw new StackError("no-template", `there is no ${template}`, {
      hint: "name a template that build-template made: dist/debian-12-NAME_VERSION_amd64.tar.gz",
      exit: ExitCode.usage,
    });
  }
  const flags = [...compressionOf(template), "--extract", "--to-stdout", "--occurrence=1"];
  const { stdout } = await run("tar", [...flags, `--file=${template}`, path], { timeout: 120_000, signal }).catch(
    (error: unknown) => {
      if (!isStackError(error) || error.code !== "command-failed") throw error;
      throw new StackError("not-a-template", `${template} has no ${path}: it is no template of build-template's`, {
        detail: error.detail,
        exit: ExitCode.usage,
      });
    },
  );
  return resolve(parseDefinition(stdout, `${template}:${path.slice(1)}`));
}

/** @throws StackError `template-name`, exit 64 */
function compressionOf(template: string): readonly string[] {
  try {
    return compressionFlag(template);
  } catch (error) {
    if (!isStackError(error)) throw error;
    throw new StackError(error.code, error.message, { hint: error.hint, exit: ExitCode.usage });
  }
}
