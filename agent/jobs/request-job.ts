import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { isErrno, isStackError, StackError } from "../../lib/error.ts";
import { exists } from "../../lib/files.ts";
import { waitFor } from "../../lib/wait.ts";
import { requestFolder } from "../../stack/components/agent/root-jobs.ts";

const LONGEST = 3 * 60_000;

/**
 * Asks systemd for a job that is a unit of its own, and waits until it has ended. The request is a file
 * that the job's path unit waits for; what it says is nothing to anybody.
 *
 * @param longest milliseconds
 * @throws StackError `job-not-run`, `aborted`
 */
export async function requestJob(
  name: string,
  runFolder: string,
  signal: AbortSignal,
  longest = LONGEST,
): Promise<void> {
  const request = join(runFolder, requestFolder, name);
  await writeFile(request, "", { mode: 0o600, flag: "wx" }).catch((error: unknown) => {
    // Asked for already, by root say, after apt: that run is waited for.
    if (!isErrno(error, "EEXIST")) throw error;
  });
  try {
    await waitFor(async () => !(await exists(request)), {
      what: `stack-job@${name}.service to end`,
      timeout: longest,
      interval: 250,
      signal,
    });
  } catch (error) {
    await rm(request, { force: true });
    if (isStackError(error) && error.code === "aborted") throw error;
    throw new StackError("job-not-run", `stack-job@${name}.service did not end within ${longest / 1000} s`, {
      hint: `systemctl status stack-job@${name}.path stack-job@${name}.service`,
      cause: error,
    });
  }
}
