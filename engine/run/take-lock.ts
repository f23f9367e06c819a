import { fstatSync } from "node:fs";
import { type FileHandle, open, stat } from "node:fs/promises";
import { join } from "node:path";
import { isStackError, StackError } from "../../lib/error.ts";
import { ensureFolder } from "../../lib/files.ts";
import type { Run } from "../../lib/run.ts";

/** flock(1)'s exit code when another holds the lock. */
const HELD = 75;

/** Held until it is closed. */
export interface EngineLock {
  /** Of the open file that is locked: a child that gets it as its third has the lock too. */
  readonly fd: number;
  close(): Promise<void>;
}

/** What a child that is lent the lock is told by, in its environment. */
const lent = { name: "STACK_AGENT_LOCK", fd: 3 } as const;

/** How a command of ours is run that works under the lock which its parent holds. */
export function lendLock({ fd }: EngineLock) {
  return { fds: [fd], env: { ...process.env, [lent.name]: String(lent.fd) } };
}

/** Whether this process works for one that holds the lock. */
export async function isLentLock(runDirectory: string): Promise<boolean> {
  if (process.env[lent.name] !== String(lent.fd)) return false;
  try {
    return fstatSync(lent.fd).ino === (await stat(lockPath(runDirectory))).ino;
  } catch {
    return false;
  }
}

/**
 * Takes the engine's lock, or fails at once. flock(1) locks the open file it inherits from
 * us: the lock is this process's until the handle is closed or the process is gone,
 * kill -9 included, and no child of ours inherits it that is not lent it.
 *
 * @throws StackError `already-running`
 */
export async function takeLock(runDirectory: string, run: Run): Promise<EngineLock> {
  await ensureFolder(runDirectory);
  if (await isLentLock(runDirectory)) return { fd: lent.fd, close: async () => {} };
  const handle = await open(lockPath(runDirectory), "a", 0o600);
  try {
    // Who only looks whether it is held (`lastTaken`) has it for some milliseconds.
    if (!(await lock(handle, ["--exclusive", "--timeout", "0.5"], run))) {
      throw new StackError("already-running", "another stack-agent provision, service deploy or upgrade is at work", {
        hint: "stack-agent status --wait shows how far it is; try again when it has ended",
      });
    }
    const now = new Date();
    await handle.utimes(now, now);
    return handle;
  } catch (error) {
    await handle.close();
    if (isStackError(error)) throw error;
    throw new StackError("lock-failed", `${lockPath(runDirectory)} could not be locked`, { cause: error });
  }
}

/**
 * When the lock was last taken, in milliseconds since the epoch; undefined while it is held. The same answer
 * before and after a look: nobody was at work meanwhile.
 */
export async function lastTaken(runDirectory: string, run: Run): Promise<number | undefined> {
  await ensureFolder(runDirectory);
  const handle = await open(lockPath(runDirectory), "a", 0o600);
  try {
    const isFree = await lock(handle, ["--shared", "--nonblock"], run);
    return isFree ? (await handle.stat()).mtimeMs : undefined;
  } finally {
    await handle.close();
  }
}

/** Whether flock(1) got it. */
async function lock({ fd }: FileHandle, how: readonly string[], run: Run): Promise<boolean> {
  const { code } = await run("flock", [...how, "--conflict-exit-code", String(HELD), String(lent.fd)], {
    fds: [fd],
    accept: [0, HELD],
    install: "apt-get install util-linux",
  });
  return code === 0;
}

function lockPath(runDirectory: string): string {
  return join(runDirectory, "lock");
}
