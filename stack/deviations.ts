import type { Model } from "./model.ts";
import type { PackageSource } from "./package-sources.ts";

/**
 * Where a stack is not what it is asked to be, one sentence each.
 *
 * @param versions installed Debian packages, name → version
 * @param sources where components' packages come from, by the component's name; others' are Debian's
 */
export function deviations(
  model: Pick<Model, "versions" | "debian">,
  versions: ReadonlyMap<string, string>,
  sources: ReadonlyMap<string, PackageSource> = new Map(),
): string[] {
  return model.versions.flatMap(({ what, package: name, least, component }) => {
    const installed = versions.get(name);
    if (installed === undefined) return [`${what} is not installed; ${least} or newer is asked for`];
    if (isAtLeast(installed, least)) return [];
    const source = sources.get(component);
    const whose = source !== undefined && "whose" in source ? source.whose : `Debian ${model.debian.version}'s`;
    return [`${what} is ${upstreamVersion(installed)}, ${whose}; ${least} or newer is asked for`];
  });
}

/** @param version a Debian package's @param least upstream's, `3.12` */
export function isAtLeast(version: string, least: string): boolean {
  return compareVersions(upstreamVersion(version), least) >= 0;
}

/** `5:7.0.15-1~deb12u5` → `7.0.15`: without epoch, Debian's revision and repacking marks. */
export function upstreamVersion(version: string): string {
  return version
    .replace(/^\d+:/, "")
    .replace(/-[^-]*$/, "")
    .replace(/[+~].*$/, "");
}

/** Negative, 0 or positive, by the numbers between the dots; a missing one counts as 0. */
function compareVersions(a: string, b: string): number {
  const [left, right] = [a, b].map((version) => version.split(".").map((part) => Number.parseInt(part, 10) || 0));
  for (let index = 0; index < Math.max(left?.length ?? 0, right?.length ?? 0); index++) {
    const difference = (left?.[index] ?? 0) - (right?.[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
