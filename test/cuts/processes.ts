import { readdir, readFile, readlink } from "node:fs/promises";

export interface Process {
  /** The host's. */
  readonly pid: number;
  /** Its arguments, the program first. */
  readonly command: readonly string[];
}

/** A container's processes as the host sees them: those in its init's pid namespace. */
export async function containerProcesses(initPid: number): Promise<Process[]> {
  const namespace = await readlink(`/proc/${initPid}/ns/pid`);
  const pids = (await readdir("/proc")).map(Number).filter(Number.isInteger);
  const found = await Promise.all(
    pids.map(async (pid) => {
      try {
        if ((await readlink(`/proc/${pid}/ns/pid`)) !== namespace) return [];
        return [{ pid, command: (await readFile(`/proc/${pid}/cmdline`, "utf8")).split("\0") }];
      } catch {
        // It has ended in between.
        return [];
      }
    }),
  );
  return found.flat();
}
