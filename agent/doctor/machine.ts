import { memoryMiB } from "../../engine/memory.ts";
import type { Run } from "../../lib/run.ts";
import type { Confinement } from "../../stack/documents/confinement.ts";
import type { MachineFinding } from "../../stack/documents/doctor.ts";
import type { Model } from "../../stack/model.ts";
import { diskCheck } from "../checks/disk.ts";
import { collations } from "./collations.ts";
import { openFiles } from "./open-files.ts";

export interface MachineOptions {
  readonly model: Model;
  readonly run: Run;
  readonly signal: AbortSignal;
  readonly confinement: Confinement;
}

/** What of the machine itself is worth knowing, each with what helps. */
export async function examineMachine(options: MachineOptions): Promise<MachineFinding[]> {
  const found = await Promise.all([
    memory(options),
    disk(options),
    failedUnits(options),
    openFiles(),
    ...(options.model.postgres === undefined ? [] : [collations(options)]),
  ]);
  return [confinement(options), ...found];
}

const confinements = {
  nesting: { status: "pass", message: "it allows all of the units' sandboxing" },
  "no-nesting": {
    status: "warn",
    message: "it refuses mounts of procfs: four directives are taken back",
    hint: "on the node: pct set VMID --features nesting=1, and start the container anew",
  },
  "no-mounts": {
    status: "warn",
    message: "it refuses all mounts: what needs them is taken back, secrets are lent as files in memory",
    hint: "allow bind mounts in the container's seccomp or AppArmor profile, and start it anew",
  },
  unknown: {
    status: "warn",
    message: "not known: the generator stack-sandbox has not run",
    hint: "systemctl daemon-reload",
  },
} as const;

function confinement({ confinement: { kind, how } }: MachineOptions): MachineFinding {
  const found: Omit<MachineFinding, "name"> = confinements[kind];
  const message = `${kind}: ${found.message}${how === "forced" ? " (set by sandbox in stack.yaml)" : ""}`;
  return { name: "confinement", ...found, message };
}

async function memory({ model }: MachineOptions): Promise<MachineFinding> {
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

async function disk({ model, signal }: MachineOptions): Promise<MachineFinding> {
  const session = diskCheck(model).open({ model, secret: async () => undefined });
  try {
    const { status, message = "" } = await session.run(signal);
    if (status === "pass") return { name: "disk", status, message };
    return { name: "disk", status: "warn", message, hint: "journalctl --vacuum-size=100M; or on the node: pct resize" };
  } finally {
    await session.close();
  }
}

async function failedUnits({ run, signal }: MachineOptions): Promise<MachineFinding> {
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
