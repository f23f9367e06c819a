import type { Run } from "../../lib/run.ts";

/** Whether systemd is still starting this machine; false where there is no systemd to ask. */
export async function isBooting(run: Run): Promise<boolean> {
  try {
    const { stdout } = await run("systemctl", ["is-system-running"], { accept: [0, 1], timeout: 5_000 });
    return ["initializing", "starting"].includes(stdout.trim());
  } catch {
    return false;
  }
}
