import { readTextIfAny } from "../../lib/files.ts";
import type { ProgressDocument } from "../../stack/documents/progress.ts";
import { interrupted, isInterrupted } from "./interrupted.ts";

/**
 * `progress.json` of the run folder; undefined where there is none or it is no progress document
 * of ours. A run that was killed is told as failed.
 */
export async function readProgress(runFolder: string): Promise<ProgressDocument | undefined> {
  const text = await readTextIfAny(`${runFolder}/progress.json`);
  if (text === undefined) return undefined;
  try {
    const document: unknown = JSON.parse(text);
    if (!isProgress(document)) return undefined;
    return isInterrupted(document) ? interrupted(document) : document;
  } catch {
    return undefined;
  }
}

/** Enough to tell it from something else: the writer is the same program, of the same version. */
function isProgress(document: unknown): document is ProgressDocument {
  return (
    typeof document === "object" &&
    document !== null &&
    "schemaVersion" in document &&
    document.schemaVersion === 1 &&
    "stages" in document &&
    Array.isArray(document.stages)
  );
}
