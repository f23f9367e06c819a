import { open, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { isErrno } from "../../lib/error.ts";
import { requestFolder } from "../../stack/components/agent/root-jobs.ts";

/** A file of the request folder that is no job's name: path units don't wait for it, the agent does. */
const suffix = ".run";

/** Asks the agent to run a job before its turn. The folder is the agent's user's too: no link is followed. */
export async function askForRun(job: string, runFolder: string): Promise<void> {
  try {
    await (await open(fileOf(job, runFolder), "wx", 0o600)).close();
  } catch (error) {
    // Asked for already, and not heard yet.
    if (!isErrno(error, "EEXIST")) throw error;
  }
}

/** Jobs that were asked for since the last call. */
export async function takeAskedRuns(runFolder: string): Promise<readonly string[]> {
  const folder = join(runFolder, requestFolder);
  const names = (await readdir(folder)).filter((name) => name.endsWith(suffix));
  await Promise.all(names.map((name) => rm(join(folder, name), { force: true })));
  return names.map((name) => name.slice(0, -suffix.length));
}

function fileOf(job: string, runFolder: string): string {
  return join(runFolder, requestFolder, `${job}${suffix}`);
}
