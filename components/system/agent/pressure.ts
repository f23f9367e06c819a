import { readFileSync } from "node:fs";
import type { Sample } from "../../../engine/check.ts";

/** Where the kernel tells of pressure: the container's own (control groups v2), or the whole node's. */
const places = [
  { scope: "container", path: (resource: string) => `sys/fs/cgroup/${resource}.pressure` },
  { scope: "node", path: (resource: string) => `proc/pressure/${resource}` },
] as const;

/** How long processes have waited for each resource (PSI), as far as this kernel tells: https://docs.kernel.org/accounting/psi.html */
export function pressure(root = "/"): readonly Sample[] {
  return ["cpu", "io", "memory"].flatMap((resource): readonly Sample[] => {
    for (const { scope, path } of places) {
      const microseconds = /^some .*\btotal=(\d+)/m.exec(read(root + path(resource)))?.[1];
      if (microseconds !== undefined) return [{ labels: { resource, scope }, value: Number(microseconds) / 1e6 }];
    }
    return [];
  });
}

/** The kernel's own files: a thread to wait for one in takes longer than to read it. */
function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    // There is none, or, where PSI is switched off, it can't be read.
    return "";
  }
}
