import { stat } from "node:fs/promises";
import { dirname } from "node:path";
import { isStackError } from "./error.ts";
import { refuseTooLittleRoom, tooLittleRoom } from "./refuse-too-little-room.ts";
import type { Run } from "./run.ts";

export interface CopyTreeOptions {
  readonly run: Run;
  readonly signal: AbortSignal;
}

const DAY = 24 * 3_600_000;

/**
 * A second name for files that nobody changes, who only ever puts others in their place; a copy where they lie on
 * another file system.
 *
 * @throws StackError `disk-full` where a copy has no room: nothing is left of it
 */
export async function linkTree(from: string, to: string, options: CopyTreeOptions): Promise<void> {
  const [source, target] = await Promise.all([stat(from), stat(dirname(to))]);
  if (source.dev !== target.dev) return copyTree(from, to, options);
  const { run, signal } = options;
  await run("cp", ["--archive", "--link", "--no-target-directory", from, to], { signal, timeout: DAY });
}

/**
 * Copies a file or a folder as it is, its owners too.
 *
 * @throws StackError `disk-full` where there is no room: nothing is left of it
 */
export async function copyTree(from: string, to: string, { run, signal }: CopyTreeOptions): Promise<void> {
  const { stdout } = await run("du", ["--summarize", "--bytes", from], { signal, timeout: DAY });
  const needed = { what: "a copy", folder: dirname(to), bytes: Number(stdout.split("\t")[0]) };
  await refuseTooLittleRoom(needed);
  try {
    const how = ["--archive", "--reflink=auto", "--no-target-directory"];
    await run("cp", [...how, from, to], { signal, timeout: DAY });
  } catch (error) {
    await run("rm", ["--recursive", "--force", to], { timeout: DAY });
    if (isStackError(error) && error.detail.some((line) => line.includes("No space left on device"))) {
      throw tooLittleRoom(needed, 0);
    }
    throw error;
  }
}
