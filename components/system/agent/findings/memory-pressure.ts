import type { Found } from "../../../../engine/finding.ts";
import { readTextIfAny } from "../../../../lib/files.ts";

/** Percent of the last five minutes in which some process waited for memory from which that is too much. */
const much = 10;

/** Where the kernel tells of pressure: the container's own (control groups v2), or the whole node's. */
const places = [
  { path: "sys/fs/cgroup/memory.pressure", whose: "here" },
  { path: "proc/pressure/memory", whose: "on the whole node" },
] as const;

const notTold = { status: "pass", message: "not told by this kernel" } as const;

/** How long processes waited for memory (PSI): https://docs.kernel.org/accounting/psi.html */
export async function memoryPressure(root = "/"): Promise<Found> {
  for (const { path, whose } of places) {
    // Where PSI is switched off, the file is there and can't be read.
    const text = await readTextIfAny(`${root}${path}`).catch(() => undefined);
    const share = /^some .*\bavg300=([\d.]+)/m.exec(text ?? "")?.[1];
    if (share === undefined) continue;
    const message = `processes ${whose} waited for memory ${Number(share)} % of the last five minutes`;
    if (Number(share) < much) return { status: "pass", message };
    return { status: "warn", message, hint: "systemd-cgtop --order=memory; on the node: pct set VMID --memory MORE" };
  }
  return notTold;
}
