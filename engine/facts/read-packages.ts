import { type DpkgPackage, dpkgStatusPath, readDpkgStatus } from "../../lib/dpkg-status.ts";
import { StackError } from "../../lib/error.ts";

/** Installed version of each package, from dpkg's own database: no process is started. */
export async function readPackages(
  names: readonly string[],
  statusFile = dpkgStatusPath,
): Promise<Map<string, string | undefined>> {
  const packages = await readDpkgStatus(statusFile);
  if (packages === undefined) {
    throw new StackError("not-debian", `${statusFile} is not there`, { hint: "the stack needs Debian 12" });
  }
  const installed = installedVersions(packages);
  return new Map(names.map((name) => [name, installed.get(name)]));
}

/** Versions of the packages that are installed whole, and of names that one of these provides. */
export function installedVersions(packages: readonly DpkgPackage[]): ReadonlyMap<string, string> {
  const installed = new Map<string, string>();
  for (const { name, whole, version, provides } of packages) {
    if (!whole || version === undefined) continue;
    installed.set(name, version);
    for (const provided of provides) if (!installed.has(provided)) installed.set(provided, version);
  }
  return installed;
}
