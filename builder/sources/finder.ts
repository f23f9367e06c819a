import type { PackageSource, PackageSources } from "../../stack/package-sources.ts";
import type { BuildContext } from "../context.ts";
import type { OtherPackages } from "../layers/base/other-packages.ts";

/** What a source has for a stack: packages that don't come from the base's own archive. */
export type Found = Omit<OtherPackages, "component">;

/** One source's answer; undefined where it has nothing for this stack. @throws StackError where it can't be reached */
export type Finder<S extends PackageSource = PackageSource> = (
  source: S,
  of: PackageSources,
  context: BuildContext,
  dry: boolean,
) => Promise<Found | undefined>;
