import { StackError } from "../../lib/error.ts";
import { readTextIfAny } from "../../lib/files.ts";

/** Installed version of each package, from dpkg's own database: no process is started. */
export async function readPackages(
  names: readonly string[],
  statusFile = "/var/lib/dpkg/status",
): Promise<Map<string, string | undefined>> {
  const text = await readTextIfAny(statusFile);
  if (text === undefined) {
    throw new StackError("not-debian", `${statusFile} is not there`, { hint: "the stack needs Debian 12" });
  }
  const installed = parseDpkgStatus(text);
  return new Map(names.map((name) => [name, installed.get(name)]));
}

/** Versions of the packages that are installed whole (deb-control(5), dpkg(1) on `Status:`). */
export function parseDpkgStatus(text: string): Map<string, string> {
  const installed = new Map<string, string>();
  for (const paragraph of text.split("\n\n")) {
    const name = /^Package: (\S+)$/m.exec(paragraph)?.[1];
    const version = /^Version: (\S+)$/m.exec(paragraph)?.[1];
    if (name === undefined || version === undefined) continue;
    if (/^Status: \S+ ok installed$/m.test(paragraph)) installed.set(name, version);
    for (const provided of /^Status: \S+ ok installed$/m.test(paragraph) ? providedBy(paragraph) : []) {
      if (!installed.has(provided)) installed.set(provided, version);
    }
  }
  return installed;
}

/** Names a package stands in for, e.g. a `mail-transport-agent`. */
function providedBy(paragraph: string): string[] {
  const provides = /^Provides: (.+)$/m.exec(paragraph)?.[1];
  return provides?.split(",").map((item) => item.trim().split(/[\s:(]/)[0] ?? "") ?? [];
}
