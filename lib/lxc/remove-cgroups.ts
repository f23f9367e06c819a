import { readdir, readFile, rmdir } from "node:fs/promises";
import { join } from "node:path";
import { isErrno } from "../error.ts";
import { waitFor } from "../wait.ts";

const ROOT = "/sys/fs/cgroup";

/**
 * The names of all containers that still have a cgroup on this host. liblxc removes them
 * itself when its monitor ends in order.
 */
export async function containersWithCgroups(): Promise<ReadonlySet<string>> {
  const names = (await Promise.all((await hierarchies()).map(folders))).flat();
  const prefix = /^lxc\.(payload|monitor)\./;
  return new Set(names.filter((name) => prefix.test(name)).map((name) => name.replace(prefix, "")));
}

/** Kills whatever still runs in a container's cgroups and removes them. */
export async function removeCgroups(container: string): Promise<void> {
  const wanted = [`lxc.payload.${container}`, `lxc.monitor.${container}`];
  for (const hierarchy of await hierarchies()) {
    for (const name of (await folders(hierarchy)).filter((found) => wanted.includes(found))) {
      await removeCgroup(join(hierarchy, name));
    }
  }
}

async function removeCgroup(folder: string): Promise<void> {
  for (const name of await folders(folder)) await removeCgroup(join(folder, name));
  await waitFor(
    async () => {
      for (const pid of await processes(folder)) killIfAny(pid);
      return rmdir(folder).then(
        () => true,
        (error: unknown) => {
          if (isErrno(error, "ENOENT")) return true;
          if (isErrno(error, "EBUSY")) return false;
          throw error;
        },
      );
    },
    { what: `${folder} to be empty`, timeout: 20_000 },
  );
}

/** v1 keeps one tree a controller, v2 one in all; hybrid hosts have both. */
async function hierarchies(): Promise<readonly string[]> {
  return [ROOT, ...(await folders(ROOT)).map((name) => join(ROOT, name))];
}

async function folders(parent: string): Promise<readonly string[]> {
  try {
    const entries = await readdir(parent, { withFileTypes: true });
    return entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
  } catch (error) {
    if (isErrno(error, "ENOENT")) return [];
    throw error;
  }
}

async function processes(folder: string): Promise<readonly number[]> {
  try {
    const text = await readFile(join(folder, "cgroup.procs"), "utf8");
    return text
      .split("\n")
      .filter((line) => line !== "")
      .map(Number);
  } catch (error) {
    if (isErrno(error, "ENOENT", "ENODEV", "EOPNOTSUPP")) return [];
    throw error;
  }
}

/** Ends a process that may be gone already. */
export function killIfAny(pid: number): void {
  try {
    if (pid > 1) process.kill(pid, "SIGKILL");
  } catch (error) {
    if (!isErrno(error, "ESRCH")) throw error;
  }
}
