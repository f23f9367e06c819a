import { readFileSync } from "node:fs";
import type { CheckOpener, Outcome } from "../../../engine/check.ts";
import { isErrno } from "../../../lib/error.ts";
import { readTextIfAny } from "../../../lib/files.ts";
import { isTooLittle, leastMemoryMiB } from "../../../stack/least-memory.ts";
import { pressure } from "./pressure.ts";

/** What limits memory: the machine (or lxcfs in its place) and the control group. Bytes. */
export interface MemoryFigures {
  readonly total: number;
  readonly available: number;
  /** The control group's limit and what is in use that can't be given back, where there is a limit. */
  readonly limit?: number;
  readonly used?: number;
}

/** How much memory is left. The container's limit is read where it can be seen from inside. */
export function memoryCheck(root = "/"): CheckOpener {
  return () => {
    let looks = 0;
    let last: Outcome = { status: "fail", code: "starting" };
    return {
      run: async () => {
        const rests = looks % looksAtRest !== 0;
        looks += 1;
        if (rests && last.status === "pass" && (last.observedValue ?? 0) > plenty) return last;
        const found = await memoryFigures(root);
        const { total, limit = total } = found;
        const figures = {
          stack_memory_bytes: Math.min(total, limit),
          stack_pressure_waiting_seconds_total: pressure(root),
        };
        last = { ...memoryOutcome(found), figures };
        return last;
      },
      close: async () => {},
    };
  };
}

/** Of so many looks only one asks, while more than so many percent are available: under Proxmox another process works the answer out. */
const looksAtRest = 3;
const plenty = 20;

/** Percent available below which memory counts as short, and as exhausted. */
const limits = { warn: 10, fail: 3 };

export function memoryOutcome(figures: MemoryFigures): Outcome {
  const { total, available, limit, used } = figures;
  const machine = (100 * available) / total;
  const group = limit === undefined || used === undefined ? 100 : (100 * (limit - used)) / limit;
  const percent = Math.round(Math.max(0, Math.min(machine, group)) * 10) / 10;
  const whole = Math.round((limit === undefined ? total : Math.min(limit, total)) / 1024 / 1024);
  const observed = { observedValue: percent };
  const message = `${percent} % of ${whole} MiB is available`;
  if (percent < limits.fail) return { status: "fail", code: "exhausted", ...observed, message };
  if (percent < limits.warn) return { status: "warn", code: "short", ...observed, message };
  if (isTooLittle(whole)) {
    // Servers that were given their shares of more memory run until they use them.
    const needed = `the stack needs ${leastMemoryMiB} MiB: on the node, pct set VMID --memory ${leastMemoryMiB}`;
    return { status: "warn", code: "too-little", ...observed, message: `${message}; ${needed}` };
  }
  return { status: "pass", code: "ok", ...observed, message };
}

/** Where control groups, v2 and v1, say what they limit and what is used; `cache` can be given back. */
const groups = [
  {
    limit: "sys/fs/cgroup/memory.max",
    used: "sys/fs/cgroup/memory.current",
    stat: "sys/fs/cgroup/memory.stat",
    cache: "inactive_file",
  },
  {
    limit: "sys/fs/cgroup/memory/memory.limit_in_bytes",
    used: "sys/fs/cgroup/memory/memory.usage_in_bytes",
    stat: "sys/fs/cgroup/memory/memory.stat",
    cache: "total_inactive_file",
  },
];

async function memoryFigures(root: string): Promise<MemoryFigures> {
  // Under Proxmox a process answers for it, lxcfs, which may stand still.
  const meminfo = (await readTextIfAny(`${root}proc/meminfo`)) ?? "";
  const kibibytes = (name: string): number =>
    1024 * Number(new RegExp(`^${name}: +(\\d+)`, "m").exec(meminfo)?.[1] ?? 0);
  const machine = { total: kibibytes("MemTotal"), available: kibibytes("MemAvailable") };
  for (const group of groups) {
    const limit = Number(read(root + group.limit) ?? Number.NaN);
    // "max", and v1's "no limit", which is a number near 2^63.
    if (!Number.isFinite(limit) || limit <= 0 || limit > machine.total) continue;
    const used = Number(read(root + group.used));
    const stat = read(root + group.stat) ?? "";
    const cache = Number(new RegExp(`^${group.cache} (\\d+)`, "m").exec(stat)?.[1] ?? 0);
    return { ...machine, limit, used: used - cache };
  }
  return machine;
}

/** A control group's file is the kernel's own: a thread to wait for it in takes longer than to read it. */
function read(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (isErrno(error, "ENOENT", "ENOTDIR")) return undefined;
    throw error;
  }
}
