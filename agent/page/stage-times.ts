import { readFile } from "node:fs/promises";
import { timelinePath } from "../../engine/run/timeline.ts";
import type { TimelineDocument } from "../../stack/documents/timeline.ts";
import type { PageView } from "./page-view.ts";

/** When each stage of the last provisioning ran; nothing where none has ended since `begun`, or it can't be read. */
export async function stageTimes(runFolder: string, begun: string): Promise<PageView["stageTimes"]> {
  const times = new Map<string, { startMs: number; endMs: number }>();
  try {
    const document = JSON.parse(await readFile(timelinePath(runFolder), "utf8")) as TimelineDocument;
    const { startedAt, finishedAt, spans } = document;
    if (Date.parse(finishedAt) < Date.parse(begun)) return times;
    const whole = Date.parse(finishedAt) - Date.parse(startedAt);
    for (const { stage, startMs, endMs = whole } of spans) {
      const known = times.get(stage) ?? { startMs, endMs };
      times.set(stage, { startMs: Math.min(known.startMs, startMs), endMs: Math.max(known.endMs, endMs) });
    }
  } catch {
    times.clear();
  }
  return times;
}
