import { isStackError, messageOf, StackError } from "../../lib/error.ts";
import { isAtLeast } from "../../stack/deviations.ts";
import type { Model } from "../../stack/model.ts";
import type { PackageSource, PackageSources } from "../../stack/package-sources.ts";
import type { Resolution } from "../apt/resolve-packages.ts";
import type { BuildContext } from "../context.ts";
import type { OtherPackages } from "../layers/base/other-packages.ts";
import { findApt } from "./find-apt.ts";
import { findFiles } from "./find-files.ts";
import { findRelocated } from "./find-relocated.ts";
import type { Finder } from "./finder.ts";
import { badLock, type Lock, lockPath, readLock, writeLock } from "./lock.ts";

/** Where a component's packages come from, and which of which versions come from there. */
export interface ChosenSource extends OtherPackages {
  /** As stack.yaml calls it. */
  readonly name: string;
  readonly source: PackageSource;
}

export type Finders = { readonly [K in PackageSource["kind"]]: Finder<Extract<PackageSource, { kind: K }>> };

const realFinders: Finders = {
  debian: async () => ({ versions: {} }),
  apt: findApt,
  relocated: findRelocated,
  files: findFiles,
};

type ComponentSources = Model["packageSources"][number];

/**
 * Takes of each component the first source that has a version as new as asked for; where none has,
 * the last that could be reached. What was found once is kept beside the definition and holds until
 * `--update`: a build never changes it silently.
 *
 * @param resolved Debian's own packages, which may still be looked up
 * @throws StackError `source-unreachable` for a source that was kept; `no-source`
 */
export async function chooseSources(
  context: BuildContext,
  resolved: Promise<Resolution>,
  dry: boolean,
  finders: Finders = realFinders,
): Promise<readonly ChosenSource[]> {
  const chosen: ChosenSource[] = [];
  // One after the other: they share a file.
  for (const sources of context.model.packageSources) {
    chosen.push(
      await chooseSource({ ...sources, asked: askedSources(sources, context) }, context, resolved, dry, finders),
    );
  }
  return chosen;
}

/** Sources of a component in the order in which they are asked. */
export function askedSources(
  { asked, of }: PackageSources,
  { debianOnly }: Pick<BuildContext, "debianOnly">,
): readonly string[] {
  return debianOnly ? Object.keys(of).filter((name) => of[name]?.kind === "debian") : asked;
}

/** Packages that Debian has not: none of their component's sources is Debian's archive. */
export function packagesNotDebians(all: readonly PackageSources[]): ReadonlySet<string> {
  const names = all.flatMap(({ of, package: main }) => {
    const sources = Object.values(of);
    if (sources.some(({ kind }) => kind === "debian")) return [];
    const files = sources.flatMap((source) => (source.kind === "files" ? Object.values(source.files).flat() : []));
    return [main, ...files.map(({ name }) => name)];
  });
  return new Set(names);
}

/** Where each component's packages come from. */
export function sourcesByComponent(chosen: readonly ChosenSource[]): ReadonlyMap<string, PackageSource> {
  return new Map(chosen.map(({ component, source }) => [component, source]));
}

async function chooseSource(
  sources: ComponentSources,
  context: BuildContext,
  resolved: Promise<Resolution>,
  dry: boolean,
  finders: Finders,
): Promise<ChosenSource> {
  const { component, label, asked, of, least } = sources;
  // Nothing to choose: what it lacks is told as it is.
  if (asked.length === 1) {
    const only = await ask(asked[0] ?? "");
    if (only === undefined) throw noSource(sources);
    return only;
  }
  const file = context.definition.file;
  const { suite } = context.model.debian;
  const lock = await readLock(file).catch((error: unknown): Lock => {
    if (context.update) return {};
    throw error;
  });
  const kept = context.update ? undefined : lock[component]?.[suite];
  if (kept !== undefined && !Object.hasOwn(of, kept)) throw badLock(file);
  const found = await firstOf(kept !== undefined && asked.includes(kept) ? [kept] : asked, kept);
  if (!dry && kept !== found.name) {
    const choices = { ...lock[component], [suite]: found.name };
    await writeLock(file, { ...lock, [component]: choices }, sources.setting);
    context.log("notice", `${label} comes from ${found.name}; ${lockPath(file)} keeps that until --update`);
  }
  return found;

  async function ask(name: string): Promise<ChosenSource | undefined> {
    const source = of[name];
    if (source === undefined) return undefined;
    const found = await (finders[source.kind] as Finder)(source, sources, context, dry);
    if (found === undefined) return undefined;
    // An apt repository's answer is of all packages; what is as in Debian's own is Debian's.
    const same = found.repositories === undefined ? [] : (await resolved).packages;
    const own = new Map(same.map(({ name, version }) => [name, version]));
    const versions = Object.entries(found.versions).filter(([name, version]) => own.get(name) !== version);
    return { component, name, source, ...found, versions: Object.fromEntries(versions) };
  }

  async function firstOf(names: readonly string[], kept: string | undefined): Promise<ChosenSource> {
    let last: ChosenSource | undefined;
    for (const name of names) {
      try {
        const found = await ask(name);
        if (found === undefined) continue;
        const version = found.versions[sources.package] ?? versionOf(await resolved, sources.package);
        if (version !== undefined && isAtLeast(version, least)) return found;
        last = found;
      } catch (error) {
        if (!isStackError(error) || !unreachable.has(error.code)) throw error;
        if (name === kept) throw keptUnreachable(label, name, file, error);
        context.log("notice", `${label} from ${name}: ${messageOf(error)}; the next source is tried`);
      }
    }
    if (last !== undefined) return last;
    throw noSource(sources);
  }
}

function noSource({ label, asked, of, setting }: PackageSources): StackError {
  const others = Object.keys(of).filter((name) => !asked.includes(name));
  return new StackError("no-source", `${label} is to be had from none of ${asked.join(", ")}`, {
    ...(others.length > 0 && { hint: `add another to ${setting} in stack.yaml: ${others.join(", ")}` }),
  });
}

/** Codes of errors that say that a source can't be used now, and nothing worse. */
const unreachable: ReadonlySet<string> = new Set(["mirror-unreachable", "no-such-source", "not-cached"]);

function keptUnreachable(label: string, name: string, file: string, cause: StackError): StackError {
  return new StackError("source-unreachable", `${label} is to come from ${name}, as ${lockPath(file)} says`, {
    cause,
    hint: `${cause.hint ?? "try again later"}; --update chooses a source anew`,
  });
}

function versionOf({ packages }: Resolution, wanted: string): string | undefined {
  return packages.find(({ name }) => name === wanted)?.version;
}
