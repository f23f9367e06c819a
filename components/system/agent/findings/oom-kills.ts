import { readdir } from "node:fs/promises";
import { basename, join } from "node:path";
import type { Found } from "../../../../engine/finding.ts";
import { isErrno } from "../../../../lib/error.ts";
import { readTextIfAny } from "../../../../lib/files.ts";

/** Where control groups, v2 and v1, count what was killed for want of memory, and the file that does. */
const layouts = [
  { folder: "sys/fs/cgroup", file: "memory.events", own: "memory.events.local" },
  { folder: "sys/fs/cgroup/memory", file: "memory.oom_control", own: "memory.oom_control" },
] as const;

/** What the kernel has killed since the container's start, by unit; of v1 only in what runs still. */
export async function oomKills(root = "/"): Promise<Found> {
  for (const { folder, file, own } of layouts) {
    const top = join(root, folder);
    const total = kills(await read(join(top, file)));
    if (total === undefined) continue;
    const units = await unitsOf(top, own);
    if (total === 0 && units.length === 0) return { status: "pass", message: "none since the start" };
    const names = units.map(({ unit, count }) => `${unit} ${count}`).join(", ");
    return {
      status: "warn",
      message: `processes were killed for want of memory: ${names === "" ? total : names}`,
      hint: "stack-agent status tells how memory is shared out; on the node: pct set VMID --memory MORE",
    };
  }
  return { status: "pass", message: "not told by this kernel" };
}

/** Line `oom_kill N`. */
function kills(text: string | undefined): number | undefined {
  const count = /^oom_kill (\d+)$/m.exec(text ?? "")?.[1];
  return count === undefined ? undefined : Number(count);
}

async function unitsOf(folder: string, file: string): Promise<{ readonly unit: string; readonly count: number }[]> {
  const names = await folders(folder);
  const found = await Promise.all(
    names.map(async (name) => {
      const path = join(folder, name);
      const count = kills(await read(join(path, file))) ?? 0;
      return [...(count > 0 ? [{ unit: basename(path), count }] : []), ...(await unitsOf(path, file))];
    }),
  );
  return found.flat();
}

async function folders(path: string): Promise<readonly string[]> {
  try {
    return (await readdir(path, { withFileTypes: true })).filter((one) => one.isDirectory()).map(({ name }) => name);
  } catch (error) {
    // A unit that ended meanwhile.
    if (isErrno(error, "ENOENT", "ENODEV")) return [];
    throw error;
  }
}

async function read(path: string): Promise<string | undefined> {
  return readTextIfAny(path).catch((error: unknown) => {
    if (isErrno(error, "ENODEV", "EACCES")) return undefined;
    throw error;
  });
}
