import { join } from "node:path";
import type { FindingsOptions } from "../../../engine/agent-part.ts";
import { memoryMiB } from "../../../engine/facts/memory.ts";
import { type Found, finding } from "../../../engine/finding.ts";
import { statePath } from "../../../engine/state/state.ts";
import { dpkgStatusPath } from "../../../lib/dpkg-status.ts";
import type { Run } from "../../../lib/run.ts";
import type { MachineFinding } from "../../../stack/documents/doctor.ts";
import { diskCheck } from "./disk-check.ts";
import { clock } from "./findings/clock.ts";
import { dns } from "./findings/dns.ts";
import { memoryPressure } from "./findings/memory-pressure.ts";
import { oomKills } from "./findings/oom-kills.ts";
import { openFiles } from "./findings/open-files.ts";
import { portsFinding } from "./findings/ports.ts";
import { lookOnce, pendingUpdatesFinding, restartFinding } from "./findings/updates.ts";

/** Of the machine beneath all components, in the order in which it is told. */
export function findings(options: FindingsOptions): Promise<readonly MachineFinding[]> {
  const { model, run, signal } = options;
  const updates = lookOnce(options);
  const written = [statePath(model.paths.state), dpkgStatusPath, join(model.paths.run, "progress.json")];
  const looks: Readonly<Record<string, () => Found | Promise<Found>>> = {
    memory: () => memory(options),
    "memory-pressure": () => memoryPressure(),
    "oom-kills": () => oomKills(),
    disk: () => disk(options),
    units: () => failedUnits(options),
    ports: () => portsFinding(model),
    "open-files": () => openFiles(),
    clock: () => clock({ run, signal, now: new Date(), written }),
    dns: () => dns({ run, signal }),
    updates: async () => pendingUpdatesFinding(await updates(), options),
    restarts: async () => restartFinding(await updates(), options),
  };
  return Promise.all(Object.entries(looks).map(([name, look]) => finding(name, signal, look)));
}

async function memory({ model }: FindingsOptions): Promise<Found> {
  const [has, declared] = [await memoryMiB(), model.definition.container.memory];
  const message = `${has} MiB of ${declared} MiB declared`;
  if (has >= declared) return { status: "pass", message };
  return {
    status: "warn",
    message,
    hint: `stack-agent status tells what was cut for it; on the node: pct set VMID --memory ${declared}`,
  };
}

async function disk({ model, signal }: FindingsOptions): Promise<Found> {
  const session = diskCheck(model)({ model, secret: async () => undefined });
  try {
    const { status, message = "" } = await session.run(signal);
    if (status === "pass") return { status, message };
    return {
      status: "warn",
      message,
      hint: "journalctl --vacuum-size=100M; df -h; or on the node: pct resize VMID rootfs +10G",
      fixes: [
        { command: ["apt-get", "clean"], effect: "deletes packages that were downloaded, which apt downloads again" },
      ],
    };
  } finally {
    await session.close();
  }
}

async function failedUnits({ run, signal }: FindingsOptions): Promise<Found> {
  const { stdout } = await run("systemctl", ["list-units", "--failed", "--plain", "--no-legend", "--no-pager"], {
    signal,
  });
  const [failed, restarting] = [namesOf(stdout), await restartingUnits(run, signal)];
  const [first] = [...failed, ...restarting];
  if (first === undefined) return { status: "pass", message: "none failed" };
  return {
    status: "warn",
    message: `failed, or start again and again: ${[...failed, ...restarting].join(", ")}`,
    hint: `journalctl -b -u ${first}`,
    ...(failed.length > 0 && {
      fixes: [{ command: ["systemctl", "start", ...failed], effect: "they don't run now: they are tried once more" }],
    }),
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
