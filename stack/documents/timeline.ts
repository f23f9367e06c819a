import * as z from "zod/mini";

export const timelineSpan = z.object({
  stage: z.string(),
  /** Of the stage, from 1: the plan that an action is of, or that a look is for. */
  round: z.number(),
  /** `wait`: for what can't be seen yet; `check`: until the stage's health checks pass. */
  kind: z.enum(["look", "action", "wait", "check"]),
  /** An action's name, what it is done to and why, as in a plan. */
  do: z.optional(z.string()),
  what: z.optional(z.string()),
  why: z.optional(z.string()),
  /** Milliseconds since `startedAt`. */
  startMs: z.number(),
  /** Missing where the run was stopped in it. */
  endMs: z.optional(z.number()),
  /** Code of the error it ended with. */
  error: z.optional(z.string()),
});

/**
 * `/run/stack-agent/timeline.json`: what the last provisioning did, and when; in the order in
 * which it was begun. Holds no secret.
 */
export const timelineDocument = z.object({
  schemaVersion: z.literal(1),
  /** ISO 8601. */
  startedAt: z.string(),
  finishedAt: z.string(),
  spans: z.array(timelineSpan),
});

export type TimelineSpan = z.output<typeof timelineSpan>;
export type TimelineDocument = z.output<typeof timelineDocument>;
