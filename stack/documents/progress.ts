import * as z from "zod/mini";

/** An error as every program prints it; lib/error's errorDocument. */
export const errorDocument = z.object({
  code: z.string(),
  message: z.string(),
  hint: z.optional(z.string()),
  cause: z.optional(z.string()),
  detail: z.array(z.string()),
});

export const stageProgress = z.object({
  id: z.string(),
  title: z.string(),
  status: z.enum(["waiting", "running", "done", "failed"]),
  /** Seconds the stage has run, or took. */
  seconds: z.optional(z.number()),
  /** Actions carried out in this run. */
  actions: z.number(),
  /** What it does right now. */
  action: z.optional(z.string()),
  error: z.optional(errorDocument),
});

/** How the machine's memory is shared out. MiB; total is 0 where it isn't known or not told. */
export const memoryBudget = z.object({
  totalMiB: z.number(),
  /** What got less than declared, and why; one sentence each. */
  cuts: z.array(z.string()),
  shares: z.array(
    z.object({
      component: z.string(),
      /** The component's own setting, e.g. `shared_buffers`. */
      setting: z.string(),
      miB: z.number(),
      /** Processes that may take as much each, where there are several. */
      processes: z.optional(z.number()),
      /** What the definition asks for, where it is given less. */
      declaredMiB: z.optional(z.number()),
    }),
  ),
});

/**
 * `/run/stack-agent/progress.json`: how provisioning stands. Written by
 * `stack-agent provision` at every change, read by `status`, `/readyz` and the page.
 */
export const progressDocument = z.object({
  schemaVersion: z.literal(1),
  /** `waiting`: nothing failed; a stage waits for somebody, or for another machine. */
  state: z.enum(["running", "done", "waiting", "failed"]),
  /** The process that writes it: a run whose process is gone has ended without a word. */
  pid: z.optional(z.number()),
  /** ISO 8601. */
  startedAt: z.string(),
  finishedAt: z.optional(z.string()),
  stages: z.array(stageProgress),
  memory: memoryBudget,
  /** Where the stack is not what its definition asks for, e.g. an older RabbitMQ. */
  deviations: z.array(z.string()),
  /** Damaged files that were moved out of a server's way and are still there, a sentence each. */
  setAside: z.optional(z.array(z.string())),
});

export type StageProgress = z.output<typeof stageProgress>;
export type ProgressDocument = z.output<typeof progressDocument>;
