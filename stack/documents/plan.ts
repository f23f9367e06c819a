import * as z from "zod/mini";

/** A server that systemd starts again and again, and that never comes up. */
export const failingServer = z.object({
  stage: z.string(),
  unit: z.string(),
  /** Its own last word of why; "" where it said nothing. */
  says: z.string(),
  /** The command that helps. */
  help: z.string(),
});

/** What `stack-agent provision --plan --json` prints. `{"actions":[],"unseen":[]}` when nothing is to do. */
export const planDocument = z.object({
  actions: z.array(
    z.object({
      stage: z.string(),
      do: z.string(),
      what: z.string(),
      why: z.string(),
      /** With --diff: what is there and what will be, as lines with `-` and `+`; no secret's value. */
      diff: z.optional(z.string()),
    }),
  ),
  unseen: z.array(z.string()),
  /** Missing where none is. */
  failing: z.optional(z.array(failingServer)),
});

export type PlanDocument = z.output<typeof planDocument>;
