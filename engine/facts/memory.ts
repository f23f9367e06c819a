import { join } from "node:path";
import { StackError } from "../../lib/error.ts";
import { readTextIfAny } from "../../lib/files.ts";

/**
 * Memory this machine may use, MiB: the least of MemTotal (the container's under lxcfs,
 * else the host's) and the limits of our own cgroup and all above it, v1 and v2.
 *
 * @param root where /proc and /sys are; "/" but in tests
 */
export async function memoryMiB(root = "/"): Promise<number> {
  const [meminfo, cgroups] = await Promise.all([
    readTextIfAny(join(root, "proc/meminfo")),
    readTextIfAny(join(root, "proc/self/cgroup")),
  ]);
  const total = /^MemTotal:\s+(\d+) kB$/m.exec(meminfo ?? "")?.[1];
  if (total === undefined) throw new StackError("no-meminfo", "/proc/meminfo does not say how much memory there is");
  const limits = await Promise.all(limitFiles(cgroups ?? "").map((path) => readTextIfAny(join(root, path))));
  const bytes = limits.map((text) => Number(text?.trim() || Number.NaN)).filter((limit) => limit > 0);
  return Math.floor(Math.min(Number(total) * 1024, ...bytes) / 1024 / 1024);
}

/** The files that hold a limit on us, of the lines of /proc/self/cgroup (cgroups(7)). */
export function limitFiles(cgroups: string): string[] {
  const files = new Set<string>();
  for (const line of cgroups.split("\n")) {
    const [, controllers, path] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
    if (controllers === undefined || path === undefined) continue;
    if (controllers === "") {
      for (const folder of upwards(path)) {
        files.add(`sys/fs/cgroup${folder}/memory.max`).add(`sys/fs/cgroup/unified${folder}/memory.max`);
      }
    } else if (controllers.split(",").includes("memory")) {
      for (const folder of upwards(path)) files.add(`sys/fs/cgroup/memory${folder}/memory.limit_in_bytes`);
    }
  }
  return [...files];
}

/** A cgroup and all above it up to the namespace's root, which is "". Paths outside of it ("/..") can't be seen. */
function upwards(path: string): string[] {
  const parts = path.split("/").filter((part) => part !== "" && part !== "..");
  return parts.map((_, index) => `/${parts.slice(0, index + 1).join("/")}`).concat("");
}
