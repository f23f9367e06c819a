import { join } from "node:path";
import { readTextIfAny } from "../../lib/files.ts";
import { endedFolder, jobMemory } from "../../stack/components/agent/declared-jobs.ts";
import type { DeclaredJob } from "../../stack/model.ts";

/** Why a job's last run failed, by what systemd told as it ended; undefined where it went well. */
export async function howItEnded(
  { name, timeout, unit }: Pick<DeclaredJob, "name" | "timeout" | "unit">,
  runFolder: string,
): Promise<string | undefined> {
  const text = await readTextIfAny(join(runFolder, endedFolder, name));
  if (text === undefined) return `nobody knows how it ended (systemctl status ${unit})`;
  const [result = "", status = ""] = text.trim().split(" ");
  const failure = describeResult(result, status, timeout);
  return failure === undefined ? undefined : `${failure} (journalctl -u ${unit} -n 20)`;
}

/** systemd.exec(5): $SERVICE_RESULT and $EXIT_STATUS. */
function describeResult(result: string, status: string, timeout: number): string | undefined {
  switch (result) {
    case "success":
      return undefined;
    case "exit-code":
      return `ended with exit code ${status}`;
    case "timeout":
      return `did not end within ${timeout} s`;
    case "oom-kill":
      return `needed more than ${jobMemory} MiB of memory`;
    case "signal":
    case "core-dump":
      // Where control groups are of version 1 systemd isn't told that the memory was too little.
      return `was ended by SIG${status}${status === "KILL" ? `; so is one that needs more than ${jobMemory} MiB` : ""}`;
    default:
      return `systemd could not run it: ${result}`;
  }
}
