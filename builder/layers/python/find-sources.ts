import { createHash } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { applicationFiles, hasModule } from "../../../lib/application-files.ts";
import { StackError } from "../../../lib/error.ts";
import { exists, readTextIfAny } from "../../../lib/files.ts";
import type { ServiceModel } from "../../../stack/model.ts";

/** Where a service's code and lock are on this machine. */
export interface ServiceSource {
  /** As in the definition: `reference`, or a folder beside stack.yaml. */
  readonly source: string;
  readonly lock: string;
  /** undefined where there is none: what runs is not Python. */
  readonly lockText: string | undefined;
  /** Files of the application, relative to `folder`, sorted. */
  readonly folder: string;
  readonly files: readonly string[];
  /** Hex sha256 over names and contents of the files. */
  readonly digest: string;
}

/**
 * Finds each different source of the services.
 *
 * @param project top of this project, which holds services/reference
 * @param base folder that sources are relative to
 * @throws StackError `no-source`, `no-lock` (exit 64), before any work is done
 */
export async function findSources(
  services: readonly ServiceModel[],
  project: string,
  base: string,
): Promise<Map<string, ServiceSource>> {
  const sources = new Map<string, ServiceSource>();
  for (const { name, source, module } of services) {
    const known = sources.get(source);
    const users = services.filter((other) => other.source === source);
    const folder = source === "reference" ? referenceFolder(project) : join(base, source);
    const found = known ?? (await findSource(source, folder, users));
    sources.set(source, found);
    if (module !== undefined && !hasModule(found.files, module)) {
      throw new StackError("no-source", `service ${name}: there is no module ${module} in ${found.folder}`, {
        exit: 64,
        hint: "set the service's `module` and `source` in stack.yaml",
      });
    }
  }
  return sources;
}

function referenceFolder(project: string): string {
  return join(project, "services", "reference");
}

async function findSource(
  source: string,
  folder: string,
  users: readonly Pick<ServiceModel, "module">[],
): Promise<ServiceSource> {
  if (!(await exists(folder))) {
    throw new StackError("no-source", `there is no folder ${folder}`, {
      exit: 64,
      hint: "`source` in stack.yaml is `reference`, or a folder beside stack.yaml",
    });
  }
  const lock = join(folder, "requirements.lock");
  const lockText = await readTextIfAny(lock);
  if (lockText === undefined && users.some(({ module }) => module !== undefined)) {
    throw new StackError("no-lock", `${folder} has no requirements.lock`, {
      exit: 64,
      hint: "make it: uv pip compile --generate-hashes --python-version 3.11 requirements.in -o requirements.lock",
    });
  }
  const files = await applicationFiles(folder, { python: users.every(({ module }) => module !== undefined) });
  const hash = createHash("sha256");
  for (const file of files) {
    const path = join(folder, file);
    const executable = ((await stat(path)).mode & 0o111) === 0 ? "" : "x";
    hash
      .update(`${file}\0${executable}`)
      .update(await readFile(path))
      .update("\0");
  }
  return { source, lock, lockText, folder, files, digest: hash.digest("hex") };
}
