import * as z from "zod/mini";
import { timelineSpan } from "./timeline.ts";

/** `stack-agent analyze --json`: where the time of a boot's provisioning went. Times are milliseconds. */
export const analysisDocument = z.object({
  schemaVersion: z.literal(1),
  /** `first`: the run that set this instance up; `last`: the run of this boot, or the last one by hand. */
  run: z.enum(["first", "last"]),
  /** ISO 8601. */
  startedAt: z.string(),
  tookMs: z.number(),
  actions: z.number(),
  stages: z.array(z.object({ id: z.string(), startMs: z.number(), endMs: z.number() })),
  /** In the order in which they were begun; those with `critical` make the chain that the end waited for. */
  spans: z.array(z.extend(timelineSpan, { endMs: z.number(), critical: z.boolean() })),
  /** Units of the stack that started in this boot, since the start of systemd; of the last run only. */
  units: z.array(z.object({ unit: z.string(), startMs: z.number(), activeMs: z.number() })),
});

export type AnalysisDocument = z.output<typeof analysisDocument>;
export type AnalysedSpan = AnalysisDocument["spans"][number];
