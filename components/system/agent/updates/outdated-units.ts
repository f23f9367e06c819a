import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { isErrno } from "../../../../lib/error.ts";
import { unitOf } from "../../../../lib/listeners.ts";
import type { OutdatedUnit } from "../../../../stack/documents/updates.ts";

/** What packages bring and processes run: not a service's own release, nor what a program makes and deletes itself. */
const packaged = /^\/(usr\/(?!local\/)|lib|bin\/|sbin\/)/;

/**
 * The units whose processes run a program or library that is not what its path names any more: proc(5)'s
 * maps call it deleted. Others' processes show only to who has CAP_SYS_PTRACE.
 *
 * @param root where /proc is; "/" but in tests
 */
export async function outdatedUnits(root = "/"): Promise<readonly OutdatedUnit[]> {
  const proc = join(root, "proc");
  const found = new Map<string, Set<string>>();
  for (const pid of (await readdir(proc)).filter((name) => /^\d+$/.test(name))) {
    const files = outdatedFiles(await readIfThere(join(proc, pid, "maps")));
    if (files.length === 0) continue;
    const unit = unitOf(await readIfThere(join(proc, pid, "cgroup"))) ?? `process ${pid}`;
    found.set(unit, new Set([...(found.get(unit) ?? []), ...files]));
  }
  return [...found].sort().map(([unit, files]) => ({ unit, files: [...files].sort() }));
}

/** `address perms offset dev inode path (deleted)`: those that are executed, each once. */
export function outdatedFiles(maps: string): readonly string[] {
  const paths = [...maps.matchAll(/^\S+ ..x. \S+ \S+ \d+ +(\/.*) \(deleted\)$/gm)].map(([, path = ""]) => path);
  return [...new Set(paths)].filter((path) => packaged.test(path));
}

/** Nothing where the process has ended, or is the kernel's. */
async function readIfThere(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if (isErrno(error, "ENOENT", "ESRCH", "EACCES", "EPERM", "ENOTDIR")) return "";
    throw error;
  }
}
