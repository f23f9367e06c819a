import { stat } from "node:fs/promises";

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

/** Keeps a file's newest content at hand, so that answering a request reads none. Reads only what changed. */
export function followFile<T>(path: string, { read, again, onChange, interval }: FollowOptions<T>): FileFollower<T> {
  let current: T | undefined;
  let seen = "";
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;
  const look = async (): Promise<void> => {
    const mark = await stat(path).then(
      (found) => `${found.ino}:${found.mtimeMs}:${found.size}`,
      () => "none",
    );
    if (mark === seen && !(current !== undefined && again?.(current))) return;
    const content = await read().catch(() => undefined);
    if (stopped) return;
    seen = mark;
    current = content;
    onChange?.(current);
  };
  const keepLooking = async (): Promise<void> => {
    await look();
    if (!stopped) timer = setTimeout(keepLooking, interval(current));
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
