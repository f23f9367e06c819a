import { StackError } from "../../lib/error.ts";
import { waitFor } from "../../lib/wait.ts";
import type { Machine } from "./create-machine.ts";

/** Properties of a unit as systemd tells them. */
export async function unitProperties<K extends string>(
  machine: Machine,
  unit: string,
  ...names: readonly K[]
): Promise<Record<K, string>> {
  const shown = await machine.exec("systemctl", ["show", "--no-pager", `--property=${names.join()}`, unit]);
  const lines = shown.stdout.split("\n").filter((line) => line.includes("="));
  const found = Object.fromEntries(lines.map((line) => [line.replace(/=.*/, ""), line.replace(/^[^=]*=/, "")]));
  return Object.fromEntries(names.map((name) => [name, found[name] ?? ""])) as Record<K, string>;
}

/** The pid, inside the container, of a running unit's main process. */
export async function mainPid(machine: Machine, unit: string): Promise<number> {
  const { MainPID, ActiveState } = await unitProperties(machine, unit, "MainPID", "ActiveState");
  if (ActiveState !== "active" || MainPID === "0") throw new StackError("not-running", `${unit} is ${ActiveState}`);
  return Number(MainPID);
}

/** Waits until a unit runs under another pid than before. */
export async function restarted(machine: Machine, unit: string, before: number, timeout = 90_000): Promise<number> {
  return waitFor(
    async () => {
      const pid = await mainPid(machine, unit);
      return pid !== before && pid;
    },
    { what: `${unit} to run again`, timeout, interval: 200 },
  );
}

/** Waits until this boot's provisioning is done: services may be well a moment before. */
export async function provisioned(machine: Machine): Promise<void> {
  await waitFor(
    async () => (await unitProperties(machine, "stack-provision.service", "ActiveState")).ActiveState === "active",
    { what: "provisioning to be done", timeout: 90_000, interval: 100 },
  );
}

/** A unit's own lines in the journal of this boot, the oldest first: all that it has said until now. */
export async function journal(machine: Machine, unit: string): Promise<string> {
  const read = `journalctl --sync && journalctl --no-pager -b -o cat -u '${unit}'`;
  return (await machine.exec("sh", ["-c", read])).stdout;
}
