import { join } from "node:path";
import type { RelocatedSource } from "../../stack/package-sources.ts";
import { resolvePackages } from "../apt/resolve-packages.ts";
import { relocatedInputs, relocatedVersions } from "../layers/relocated/relocated.ts";
import { toolVersions } from "../tool-versions.ts";
import type { Finder } from "./finder.ts";

/**
 * The next Debian's packages with its C library beside them; undefined where the release has new
 * ones itself. Nothing is made here.
 *
 * @throws StackError what `resolvePackages` does
 */
export const findRelocated: Finder<RelocatedSource> = async ({ relocations }, _, context, dry) => {
  const { model, cache, work, offline, run, log, signal } = context;
  const { architecture } = model;
  const relocation = relocations[model.debian.suite];
  if (relocation === undefined) return undefined;
  const asked = { suite: relocation.from, architecture, packages: [relocation.ready] };
  const [resolution, { patchelf = "" }] = await Promise.all([
    resolvePackages({ ...asked, folder: join(cache, "resolutions"), work, offline, dry, run, log, signal }),
    toolVersions(["patchelf"], run),
  ]);
  const inputs = await relocatedInputs(relocation, resolution, { architecture, patchelf });
  return { versions: relocatedVersions(inputs), made: { name: "relocated", inputs } };
};
