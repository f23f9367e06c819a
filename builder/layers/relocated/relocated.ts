import { createHash } from "node:crypto";
import { mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import { StackError } from "../../../lib/error.ts";
import { debianReleases, type Suite } from "../../../stack/debian.ts";
import type { Relocation } from "../../../stack/package-sources.ts";
import { allEnded } from "../../all-ended.ts";
import { fetchPackages } from "../../apt/fetch-packages.ts";
import { aptFolder, type Resolution } from "../../apt/resolve-packages.ts";
import type { Inputs } from "../../cache/layer-key.ts";
import type { MadeLayer } from "../../cache/made-layer.ts";
import { type BuildContext, sourceDateEpoch } from "../../context.ts";
import { explainSpace } from "../../explain-space.ts";
import { codeDigest } from "../code-digest.ts";
import { type Deb, packageRepository } from "../package-repository.ts";
import { type Control, dependencyFields, sourceOf, withoutDependencies, withSuffix } from "./control.ts";
import { type LibrariesSpec, layOutLibraries } from "./libraries.ts";
import { type DpkgDeb, packDeb, readControl, unpackDeb } from "./pack-deb.ts";
import { elfFiles, relocateElf } from "./relocate-elf.ts";

type Versions = Readonly<Record<string, string>>;

/** All that relocated packages are made from. */
export interface RelocatedInputs extends Inputs {
  readonly code: string;
  /** Archives, without the state they are in. */
  readonly sources: readonly { readonly uri: string; readonly suite: string }[];
  readonly from: Suite;
  readonly architecture: string;
  /** Name → version in the newer release. */
  readonly ready: Versions;
  readonly moved: Versions;
  readonly libraries: Versions;
  readonly needless: readonly string[];
  readonly package: string;
  readonly folder: string;
  readonly suffix: string;
  readonly patchelf: string;
  readonly epoch: number;
}

/** @throws StackError `no-such-package` where the newer release lacks a part */
export async function relocatedInputs(
  { moved, libraries, ready, ...relocation }: Relocation,
  { releases, packages }: Resolution,
  of: Pick<RelocatedInputs, "architecture" | "patchelf">,
): Promise<RelocatedInputs> {
  const versions = new Map(packages.map(({ name, version }) => [name, version]));
  const pick = (names: readonly string[]): Versions =>
    Object.fromEntries(
      names.map((name) => {
        const version = versions.get(name);
        if (version !== undefined) return [name, version];
        throw new StackError("no-such-package", `Debian ${relocation.from} has no ${name}`);
      }),
    );
  const { from, package: own, folder, suffix, needless } = relocation;
  return {
    code: await codeDigest(["layers/relocated", "layers/package-repository.ts"]),
    sources: releases.map(({ uri, suite }) => ({ uri, suite })),
    ready: pick([ready]),
    moved: pick([...versions.keys()].filter((name) => moved.test(name)).sort()),
    libraries: pick(libraries),
    ...{ from, package: own, folder, suffix, needless, ...of, epoch: sourceDateEpoch },
  };
}

/** Name → version of the packages that come of it. */
export function relocatedVersions(inputs: RelocatedInputs): Versions {
  const moved = Object.entries(inputs.moved).map(([name, version]) => [name, `${version}${inputs.suffix}`]);
  return { ...inputs.ready, ...Object.fromEntries(moved), [inputs.package]: librariesVersion(inputs) };
}

/** The C library's, and a digest of all that is in the package: other libraries are another version. */
function librariesVersion({ libraries, code }: RelocatedInputs): string {
  const digest = createHash("sha256")
    .update(JSON.stringify([libraries, code]))
    .digest("hex");
  return `${libraries.libc6}+${digest.slice(0, 8)}`;
}

/**
 * Downloads packages of the newer release, verified by apt, and has the programs in them use the
 * newer release's libraries, in a package of ours. The layer is no part of a template; it is a
 * repository that the base is made from.
 *
 * @throws StackError what `fetchPackages` does; `work-full`
 */
export function buildRelocated(inputs: RelocatedInputs, context: BuildContext): Promise<MadeLayer> {
  return makePackages(inputs, context).catch(explainSpace);
}

async function makePackages(inputs: RelocatedInputs, context: BuildContext): Promise<MadeLayer> {
  const { run, signal, work } = context;
  const top = join(work, "relocated");
  const { ready, moved, libraries } = inputs;
  const downloaded = await download({ ...ready, ...moved, ...libraries }, inputs, context);
  await mkdir(join(top, "made"), { recursive: true });
  await mkdir(join(top, "trees"));
  const how: DpkgDeb = { run, signal, epoch: inputs.epoch };
  const unpack = async (name: string) => {
    const tree = join(top, "trees", name);
    return { tree, control: await unpackDeb(downloaded(name), tree, how) };
  };
  const pack = async (tree: string, control: Control): Promise<Deb> => {
    const file = join(top, "made", `${control.get("Package")}.deb`);
    await packDeb(tree, control, file, how);
    return { file, control };
  };
  const programs = await allEnded(Object.keys(moved).map(unpack));
  const sources = await allEnded(Object.keys(libraries).map(unpack));
  const files = (await allEnded(programs.map(({ tree }) => elfFiles(tree)))).flat();
  const own = join(top, "trees", inputs.package);
  const libraryControl = await layOutLibraries(own, librariesSpec(inputs), sources, files, how);
  await allEnded(files.map((file) => relocateElf(file, inputs.folder, run, signal)));
  const debs = await allEnded([
    pack(own, libraryControl),
    ...programs.map(({ tree, control }) => pack(tree, movedControl(control, inputs))),
    ...Object.keys(ready).map(async (name) => {
      return { file: downloaded(name), control: await readControl(downloaded(name), how) };
    }),
  ]);
  return packageRepository(debs, inputs.epoch);
}

/** @returns the file of each package, by its name */
async function download(
  versions: Versions,
  inputs: RelocatedInputs,
  { run, log, signal, work, cache }: BuildContext,
): Promise<(name: string) => string> {
  const { sources: archives, from, architecture, ready } = inputs;
  // The lists that they were looked up in serve here too.
  const top = aptFolder(work, { suite: from, architecture, packages: Object.keys(ready) });
  const record = join(cache, "resolutions");
  const apt = await fetchPackages({ archives, architecture, folder: top, versions, record, run, log, signal });
  const folder = apt.packages;
  const files = await readdir(folder);
  return (name) => {
    const file = files.find((one) => one.startsWith(`${name}_`) && one.endsWith(".deb"));
    if (file === undefined) throw new StackError("no-such-package", `apt downloaded no ${name}`);
    return join(folder, file);
  };
}

function librariesSpec(inputs: RelocatedInputs): LibrariesSpec {
  return {
    ...{ package: inputs.package, version: librariesVersion(inputs), folder: inputs.folder },
    ...{ architecture: inputs.architecture, needless: inputs.needless },
    release: debianReleases[inputs.from].version,
  };
}

/** A moved package asks for the libraries' package in place of the newer release's, and for moved packages as moved. */
export function movedControl(control: Control, inputs: RelocatedInputs): Control {
  const { moved, libraries, suffix } = inputs;
  const version = control.get("Version") ?? "";
  const isMoved = (name: string): boolean => Object.hasOwn(moved, name);
  const by = `${inputs.package} (= ${librariesVersion(inputs)})`;
  const changed = new Map(control);
  // deb-control(5): what the version says no more is said here.
  const source = sourceOf(control);
  changed.set("Source", `${source.name} (${source.version})`).set("Version", `${version}${suffix}`);
  for (const field of dependencyFields) {
    const value = control.get(field);
    if (value === undefined) continue;
    const left = withoutDependencies(value, (name) => Object.hasOwn(libraries, name), by);
    if (left === "") changed.delete(field);
    else changed.set(field, withSuffix(left, version, suffix, isMoved));
  }
  return changed;
}
