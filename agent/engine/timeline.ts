import { join } from "node:path";
import { isStackError } from "../../lib/error.ts";
import { writeFileAtomic } from "../../lib/files.ts";
import type { TimelineDocument, TimelineSpan } from "../../stack/documents/timeline.ts";

export type SpanName = Omit<TimelineSpan, "startMs" | "endMs" | "error">;

/** What a run did, and when. */
export interface Timeline {
  /** Does the work, and notes when it began, when it ended, and with what error. */
  measure<T>(name: SpanName, work: () => Promise<T>): Promise<T>;
  document(): TimelineDocument;
}

/** @param now milliseconds since the epoch */
export function trackTimeline(now: () => number): Timeline {
  const started = now();
  const spans: TimelineSpan[] = [];
  return {
    async measure(name, work) {
      const span: TimelineSpan = { ...name, startMs: Math.round(now() - started) };
      spans.push(span);
      try {
        return await work();
      } catch (error) {
        span.error = isStackError(error) ? error.code : "internal";
        throw error;
      } finally {
        span.endMs = Math.round(now() - started);
      }
    },
    document: () => ({
      schemaVersion: 1,
      startedAt: new Date(started).toISOString(),
      finishedAt: new Date(now()).toISOString(),
      spans: [...spans],
    }),
  };
}

/** Readable by all: it holds no secret. */
export async function writeTimeline(runDirectory: string, timeline: Timeline): Promise<void> {
  await writeFileAtomic(join(runDirectory, "timeline.json"), `${JSON.stringify(timeline.document())}\n`, {
    mode: 0o644,
  });
}
