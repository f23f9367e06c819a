import * as z from "zod/mini";

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
});

export type PlanDocument = z.output<typeof planDocument>;
