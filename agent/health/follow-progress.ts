import { stat } from "node:fs/promises";
import type { ProgressDocument } from "../../stack/documents/progress.ts";
import { isInterrupted } from "../status/interrupted.ts";
import { readProgress } from "../status/read-progress.ts";

export interface ProgressFollower {
  current(): ProgressDocument | undefined;
  stop(): void;
}

/**
 * Keeps the newest progress document of the run folder at hand, so that answering a
 * request reads no file. Looks twice a second, more often until provisioning is done, and
 * reads only what changed.
 */
export function followProgress(
  runFolder: string,
  onChange: (progress: ProgressDocument | undefined) => void,
  interval = 500,
): ProgressFollower {
  let current: ProgressDocument | undefined;
  let seen = "";
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;
  const look = async (): Promise<void> => {
    const mark = await stat(`${runFolder}/progress.json`).then(
      (found) => `${found.ino}:${found.mtimeMs}:${found.size}`,
      () => "none",
    );
    // One that says it runs may be over without a word.
    if (mark === seen && !(current !== undefined && isInterrupted(current))) return;
    const progress = await readProgress(runFolder).catch(() => undefined);
    if (stopped) return;
    seen = mark;
    current = progress;
    onChange(current);
  };
  const keepLooking = async (): Promise<void> => {
    await look();
    if (!stopped) timer = setTimeout(keepLooking, current?.state === "done" ? interval : interval / 3);
  };
  void keepLooking();
  return {
    current: () => current,
    stop: () => {
      stopped = true;
      clearTimeout(timer);
    },
  };
}
