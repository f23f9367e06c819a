import { join } from "node:path";
import { ExitCode, isStackError, StackError } from "../../lib/error.ts";
import { buildHints } from "./build-hints.ts";
import { type GoneFile, withoutGone } from "./gone-files.ts";
import type { Apt } from "./open-apt.ts";

export interface SimulateOptions {
  readonly suite: string;
  readonly architecture: string;
  readonly packages: readonly string[];
}

/**
 * Name → version, sorted, of the packages that mmdebstrap takes for `--variant=minbase
 * --include=…`: it asks apt in the same words.
 *
 * @param gone files whose versions are left out
 * @throws StackError `no-such-package`, exit 64, for a name that the archive has not; `package-unavailable`
 *   where packages don't fit each other, and say so where that is for the files that are missing
 */
export async function simulate(
  apt: Apt,
  { suite, architecture, packages }: SimulateOptions,
  gone: readonly GoneFile[],
): Promise<ReadonlyMap<string, string>> {
  await apt.prefer(withoutGone(gone));
  const of = `?or(?archive(^${suite}$),?codename(^${suite}$)),?architecture(${architecture})`;
  const system = [`?narrow(${of},?essential)`, `?narrow(${of},?priority(required))`];
  try {
    // `--simulate` looks at every package of the archive for each one that it would install: 3 s more.
    const words = ["--quiet", "--yes", "--print-uris", "-o", `Dir::Cache::Archives=${join(apt.folder, "none")}/`];
    return readUris((await apt.apt("apt-get", [...words, "install", ...system, ...packages])).stdout);
  } catch (error) {
    throw isStackError(error) && error.code === "command-failed" ? explain(error, suite, gone) : error;
  }
}

/** Package → version of what `--print-uris` names, sorted: 'URI' NAME_VERSION_ARCHITECTURE.deb SIZE DIGEST, escaped as in URIs. */
export function readUris(text: string): ReadonlyMap<string, string> {
  const versions = new Map<string, string>();
  for (const [, name, version] of text.matchAll(/^'[^']+' ([^\s_]+)_([^\s_]+)_[^\s_]+\.deb /gm)) {
    if (name !== undefined && version !== undefined) versions.set(name, decodeURIComponent(version));
  }
  if (versions.size === 0) throw new StackError("no-simulation", "apt would install no package");
  return new Map([...versions].sort(([a], [b]) => (a < b ? -1 : 1)));
}

const unknown =
  /^E: (?:Unable to locate package (\S+)|Package '(\S+)' has no installation candidate|Version '\S+' for '(\S+)' was not found)/;

function explain(error: StackError, suite: string, gone: readonly GoneFile[]): StackError {
  const lacking = error.detail.flatMap((line) => unknown.exec(line)?.slice(1).find(Boolean) ?? []);
  const names = [...new Set(lacking)].filter((name) => !gone.some((file) => file.name === name));
  if (names.length > 0) {
    return new StackError("no-such-package", `Debian ${suite} has no package ${names.join(", ")}`, {
      hint: "see `packages` in stack.yaml; `apt-cache search WORD` finds names",
      exit: ExitCode.usage,
    });
  }
  const unmet = error.detail.filter((line) => / : |Depends: /.test(line)).map((line) => line.trim());
  if (gone.length > 0) {
    const files = gone.map(({ name, version }) => `${name} ${version}`).join(", ");
    return new StackError("package-unavailable", `${files} can't be had, and no other version will do`, {
      detail: [...gone.map(({ url }) => `${url} is missing`), ...unmet],
      hint: `the mirror has yet to get what its index names: try again in some hours; ${buildHints.instead}`,
    });
  }
  if (unmet.length === 0) return error;
  return new StackError("package-unavailable", `Debian ${suite}'s packages don't fit each other`, {
    detail: unmet,
    hint: `see \`packages\` in stack.yaml; a mirror that is being updated is whole again within hours; ${buildHints.instead}`,
  });
}
