import type { AnalysedSpan, AnalysisDocument } from "../../stack/documents/analysis.ts";
import type { TimelineDocument, TimelineSpan } from "../../stack/documents/timeline.ts";

/** Milliseconds between the end of one piece of work and the start of what followed it: the agent's own. */
const HAND_OVER = 10;

/** A timeline by stages, and what its end waited for. */
export function analyse(
  timeline: TimelineDocument,
  run: AnalysisDocument["run"],
  units: AnalysisDocument["units"],
): AnalysisDocument {
  const tookMs = Date.parse(timeline.finishedAt) - Date.parse(timeline.startedAt);
  // A run that was stopped left spans open: they lasted to its end.
  const closed = timeline.spans.map((span) => ({ ...span, endMs: span.endMs ?? tookMs }));
  const critical = criticalSpans(closed);
  return {
    schemaVersion: 1,
    run,
    startedAt: timeline.startedAt,
    tookMs,
    actions: closed.filter(({ kind }) => kind === "action").length,
    stages: [...new Set(closed.map(({ stage }) => stage))].map((id) => {
      const own = closed.filter(({ stage }) => stage === id);
      return {
        id,
        startMs: Math.min(...own.map(({ startMs }) => startMs)),
        endMs: Math.max(...own.map(({ endMs }) => endMs)),
      };
    }),
    spans: closed.map((span): AnalysedSpan => ({ ...span, critical: critical.has(span) })),
    units,
  };
}

type Closed = TimelineSpan & { readonly endMs: number };

/**
 * From the span that ended last back to the first: before each one the span whose end it
 * waited for, of its own stage where there is one, else of any.
 */
function criticalSpans(spans: readonly Closed[]): ReadonlySet<Closed> {
  const chain = new Set<Closed>();
  let current = latest(spans);
  while (current !== undefined) {
    chain.add(current);
    const { stage, startMs } = current;
    const before = spans.filter((span) => !chain.has(span) && span.endMs <= startMs);
    const last = latest(before);
    const own = latest(before.filter((span) => span.stage === stage));
    current = own !== undefined && last !== undefined && own.endMs + HAND_OVER >= startMs ? own : last;
  }
  return chain;
}

function latest(spans: readonly Closed[]): Closed | undefined {
  return spans.reduce<Closed | undefined>(
    (found, span) => (found === undefined || span.endMs > found.endMs ? span : found),
    undefined,
  );
}
