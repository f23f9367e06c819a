import * as z from "zod/mini";

/** What `stack-agent secrets ls --json` prints. Holds no secret. */
export const secretsDocument = z.object({
  schemaVersion: z.literal(1),
  secrets: z.array(
    z.object({
      name: z.string(),
      /** `made` by the stack itself, or `given` from outside. */
      kind: z.enum(["made", "given"]),
      /** Services that get it as a credential, and its name there. */
      for: z.array(z.object({ service: z.string(), credential: z.string() })),
      description: z.string(),
      /** ISO 8601; missing where there is none yet. */
      since: z.optional(z.string()),
    }),
  ),
});

export type SecretsDocument = z.output<typeof secretsDocument>;
