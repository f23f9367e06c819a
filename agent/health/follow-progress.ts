import { isInterrupted } from "../../engine/run/interrupted.ts";
import { progressPath } from "../../engine/run/progress.ts";
import { readProgress } from "../../engine/run/read-progress.ts";
import type { ProgressDocument } from "../../stack/documents/progress.ts";
import { type FileFollower, followFile } from "./follow-file.ts";

/** Follows provisioning's progress: once a second, more often until it is done. */
export function followProgress(
  runFolder: string,
  onChange: (progress: ProgressDocument | undefined) => void,
  interval = 1_000,
): FileFollower<ProgressDocument> {
  return followFile(progressPath(runFolder), {
    read: () => readProgress(runFolder),
    // One that says it runs may be over without a word.
    again: isInterrupted,
    onChange,
    interval: (progress) => (progress?.state === "done" ? interval : interval / 6),
  });
}
