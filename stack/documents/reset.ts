import * as z from "zod/mini";

/** What `stack-agent reset --json` prints: what was done, or with `--plan` would be. */
export const resetDocument = z.object({
  actions: z.array(z.object({ stage: z.string(), do: z.string(), what: z.string(), why: z.string() })),
  /** What stays although it is of the stack, a sentence each. */
  kept: z.array(z.string()),
});

export type ResetDocument = z.output<typeof resetDocument>;
