import { applicationFiles, hasModule } from "../../../../lib/application-files.ts";
import { StackError } from "../../../../lib/error.ts";
import { readTextIfAny } from "../../../../lib/files.ts";
import type { ServiceModel } from "../../../../stack/model.ts";

/** What a release is made of. */
export interface ReleaseSource {
  readonly folder: string;
  /** Relative to the folder. */
  readonly files: readonly string[];
  /** The lock's text; undefined where the service is not Python. */
  readonly lock: string | undefined;
}

/**
 * Looks whether a folder can be a release of the service, before anything is made of it.
 *
 * @throws StackError `no-lock`, `unhashed-lock`, `no-module`, `no-program`
 */
export async function checkSource(
  service: Pick<ServiceModel, "name" | "module" | "command">,
  folder: string,
): Promise<ReleaseSource> {
  const { name, module, command } = service;
  const files = await applicationFiles(folder, { python: module !== undefined });
  if (module === undefined) {
    const [program = ""] = command;
    const own = program.replace(/^\.\//, "");
    if (!program.startsWith("/") && !files.includes(own)) {
      throw new StackError("no-program", `${folder} has no ${own}, which ${name} is run by`, {
        hint: `build it first; services.${name}.command of the definition names it`,
      });
    }
    return { folder, files, lock: undefined };
  }
  const lock = await readTextIfAny(`${folder}/requirements.lock`);
  if (lock === undefined) {
    throw new StackError("no-lock", `${folder} has no requirements.lock`, { hint: makeLock });
  }
  const unhashed = unhashedLine(lock);
  if (unhashed !== undefined) {
    throw new StackError("unhashed-lock", `requirements.lock has a line without a hash: ${unhashed}`, {
      hint: makeLock,
    });
  }
  if (!hasModule(files, module)) {
    throw new StackError("no-module", `${folder} has no module ${module}, which ${name} is run by`, {
      hint: `it is ${module.replaceAll(".", "/")}.py, or a folder of that name; services.${name}.module of the definition names it`,
    });
  }
  return { folder, files, lock };
}

const makeLock = "make it: uv pip compile --generate-hashes --python-version 3.11 requirements.in -o requirements.lock";

/** The first requirement that any file would satisfy; options, comments and blank lines are none. */
export function unhashedLine(lock: string): string | undefined {
  return lock
    .replace(/\\\r?\n/g, " ")
    .split(/\r?\n/)
    .map((line) => line.replace(/(^|\s)#.*$/, "").trim())
    .filter((line) => line !== "" && !/^--/.test(line))
    .find((line) => !/\s--hash=sha256:[0-9a-f]{64}\b/.test(line))
    ?.split(/\s/)[0];
}
