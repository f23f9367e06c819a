import type { FindingsOptions } from "../../../engine/agent-part.ts";
import { memoryMiB } from "../../../engine/facts/memory.ts";
import type { Run } from "../../../lib/run.ts";
import type { MachineFinding } from "../../../stack/documents/doctor.ts";
import { diskCheck } from "./disk-check.ts";
import { openFiles } from "./open-files.ts";

/** Of memory, disk, units and open files. */
export function findings(options: FindingsOptions): Promise<readonly MachineFinding[]> {
  return Promise.all([memory(options), disk(options), failedUnits(options), openFiles()]);
}

async function memory({ model }: FindingsOptions): Promise<MachineFinding> {
  const [has, declared] = [await memoryMiB(), model.definition.container.memory];
  const message = `${has} MiB of ${declared} MiB declared`;
  if (has >= declared) return { name: "memory", status: "pass", message };
  return {
    name: "memory",
    status: "warn",
    message,
    hint: `stack-agent status tells what was cut for it; on the node: pct set VMID --memory ${declared}`,
  };
}

async function disk({ model, signal }: FindingsOptions): Promise<MachineFinding> {
  const session = diskCheck(model)({ model, secret: async () => undefined });
  try {
    const { status, message = "" } = await session.run(signal);
    if (status === "pass") return { name: "disk", status, message };
    return { name: "disk", status: "warn", message, hint: "journalctl --vacuum-size=100M; or on the node: pct resize" };
  } finally {
    await session.close();
  }
}

async function failedUnits({ run, signal }: FindingsOptions): Promise<MachineFinding> {
  const { stdout } = await run("systemctl", ["list-units", "--failed", "--plain", "--no-legend", "--no-pager"], {
    signal,
  });
  const failed = [...namesOf(stdout), ...(await restartingUnits(run, signal))];
  if (failed.length === 0) return { name: "units", status: "pass", message: "none failed" };
  return {
    name: "units",
    status: "warn",
    message: `failed, or start again and again: ${failed.join(", ")}`,
    hint: `journalctl -b -u ${failed[0]}`,
  };
}

/** systemd never counts one under Restart= among the failed. */
async function restartingUnits(run: Run, signal: AbortSignal): Promise<readonly string[]> {
  const args = ["list-units", "--state=auto-restart", "--plain", "--no-legend", "--no-pager"];
  return namesOf((await run("systemctl", args, { signal })).stdout);
}

function namesOf(units: string): readonly string[] {
  return units.split("\n").flatMap((line) => (line === "" ? [] : (line.split(" ")[0] ?? [])));
}
