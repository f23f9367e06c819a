import { join } from "node:path";
import { isStackError } from "../../lib/error.ts";
import { exists, writeFileAtomic } from "../../lib/files.ts";
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

export interface TimelineFolders {
  readonly run: string;
  readonly state: string;
}

export function timelinePath(runDirectory: string): string {
  return join(runDirectory, "timeline.json");
}

/** Of the run that set this instance up: kept, so that it can be asked about later. */
export function firstTimelinePath(stateDirectory: string): string {
  return join(stateDirectory, "first-timeline.json");
}

/** Readable by all: it holds no secret. */
export async function writeTimeline(folders: TimelineFolders, timeline: Timeline): Promise<void> {
  const document = timeline.document();
  const text = `${JSON.stringify(document)}\n`;
  await writeFileAtomic(timelinePath(folders.run), text, { mode: 0o644 });
  const first = firstTimelinePath(folders.state);
  const didSomething = document.spans.some(({ kind }) => kind === "action");
  if (didSomething && !(await exists(first))) await writeFileAtomic(first, text, { mode: 0o644 });
}
