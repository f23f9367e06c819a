import { readFile } from "node:fs/promises";
import { dirname, join, resolve as resolvePath } from "node:path";
import { ExitCode, isErrno, messageOf, StackError } from "../../lib/error.ts";
import { projectFolder as project } from "../../lib/project-folder.ts";
import { readDefinition } from "../../stack/definition/parse.ts";
import { resolve } from "../../stack/resolve.ts";
import { cacheHome } from "../cache/cache-home.ts";
import { defaultCacheLimit } from "../cache/prune-cache.ts";
import type { BuildOptions, Format } from "../context.ts";
import { knownFaults } from "../known/known-faults.ts";

/** The command line of a build, as commander reads it. */
export interface BuildFlags {
  readonly out: string;
  readonly format: Format;
  readonly offline?: true;
  readonly set?: readonly string[];
  readonly arch: "amd64" | "arm64";
  readonly strict?: true;
  readonly update?: true;
  readonly sign?: string;
  /** Bytes. */
  readonly cacheLimit?: number;
  readonly plan?: true;
  readonly keep?: true;
  readonly shell?: true;
  readonly smoke?: true;
  readonly schema?: true;
  readonly json?: true;
}

/** Reads the definition and gives what a build is asked for. @throws StackError with exit 64 for what is asked wrongly */
export async function buildOptions(file: string | undefined, flags: BuildFlags): Promise<BuildOptions> {
  if (flags.arch === "arm64") {
    throw new StackError("unsupported-architecture", "templates for arm64 can't be built yet", {
      hint: "leave --arch out: templates are for amd64",
      exit: ExitCode.usage,
    });
  }
  const path = file ?? join(project, "stack", "stock-analysis.yaml");
  const given = { text: await readDefinitionText(path), set: flags.set ?? [] };
  const { definition, text } = readDefinition(given.text, path, given.set, knownFaults);
  return {
    definition: { file: path, text, folder: resolvePath(dirname(path)), given },
    model: resolve(definition),
    out: resolvePath(flags.out),
    format: flags.format,
    cache: cacheHome(process.env),
    cacheLimit: flags.cacheLimit ?? defaultCacheLimit,
    offline: flags.offline === true,
    ...(flags.update && { update: true }),
    ...(flags.strict && { strict: true }),
    ...(flags.sign !== undefined && { sign: resolvePath(flags.sign) }),
  };
}

async function readDefinitionText(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if (!isErrno(error, "ENOENT", "EISDIR", "EACCES", "ENOTDIR")) throw error;
    throw new StackError("no-definition", `${path} can't be read: ${messageOf(error)}`, {
      hint: "name a stack.yaml; stack/stock-analysis.yaml is a whole one",
      exit: ExitCode.usage,
    });
  }
}
