import { statSync } from "node:fs";

export interface FileFollower<T> {
  current(): T | undefined;
  stop(): void;
}

export interface FollowOptions<T> {
  /** The file's content; undefined where there is none, or it is nothing of ours. */
  readonly read: () => Promise<T | undefined>;
  /** Whether to read it again, though it is the same. */
  readonly again?: (content: T) => boolean;
  readonly onChange?: (content: T | undefined) => void;
  /** Milliseconds until the next look. */
  readonly interval: (content: T | undefined) => number;
}

/** Keeps the newest content of a file below /run at hand, so that answering a request reads none. Reads only what changed. */
export function followFile<T>(path: string, { read, again, onChange, interval }: FollowOptions<T>): FileFollower<T> {
  let current: T | undefined;
  let seen = "";
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;
  const look = async (): Promise<void> => {
    const mark = markOf(path);
    if (mark === seen && !(current !== undefined && again?.(current))) return;
    const content = await read().catch(() => undefined);
    if (stopped) return;
    seen = mark;
    current = content;
    onChange?.(current);
  };
  const keepLooking = async (): Promise<void> => {
    await look();
    if (stopped) return;
    // All followers look in the same moments: each by itself wakes the processor.
    const wanted = interval(current);
    timer = setTimeout(keepLooking, Math.ceil(wanted - (performance.now() % wanted)));
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

/** It changes with the file. In /run there is no disk to wait for: a thread to wait in takes longer than the look. */
function markOf(path: string): string {
  try {
    const found = statSync(path, { throwIfNoEntry: false });
    return found === undefined ? "none" : `${found.ino}:${found.mtimeMs}:${found.size}`;
  } catch {
    return "none";
  }
}
