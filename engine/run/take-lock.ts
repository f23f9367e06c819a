import { type FileHandle, open } from "node:fs/promises";
import { join } from "node:path";
import { isStackError, StackError } from "../../lib/error.ts";
import { ensureFolder } from "../../lib/files.ts";
import type { Run } from "../../lib/run.ts";

/** flock(1)'s exit code when another holds the lock. */
const HELD = 75;

/**
 * Takes the engine's lock, or fails at once. flock(1) locks the open file it inherits from
 * us: the lock is this process's until the handle is closed or the process is gone,
 * kill -9 included, and no child of ours inherits it.
 *
 * @throws StackError `already-running`
 */
export async function takeLock(runDirectory: string, run: Run): Promise<FileHandle> {
  await ensureFolder(runDirectory);
  const handle = await open(join(runDirectory, "lock"), "a", 0o600);
  try {
    const args = ["--exclusive", "--nonblock", "--conflict-exit-code", String(HELD), "3"];
    const { code } = await run("flock", args, {
      fds: [handle.fd],
      accept: [0, HELD],
      install: "apt-get install util-linux",
    });
    if (code === 0) return handle;
    throw new StackError("already-running", "another stack-agent provision, or service deploy, is at work", {
      hint: "stack-agent status --wait shows how far it is; try again when it has ended",
    });
  } catch (error) {
    await handle.close();
    if (isStackError(error)) throw error;
    throw new StackError("lock-failed", `${join(runDirectory, "lock")} could not be locked`, { cause: error });
  }
}
