import * as z from "zod/mini";

/** What one that joins sends, once it knows whom it speaks to. */
export const joinRequest = z.object({
  stack: z.string(),
  /** The definition's nodes: a cluster has one template. */
  nodes: z.record(z.string(), z.string()),
  /** The token's secret. */
  secret: z.string(),
  /** PKCS #10 in PEM. */
  request: z.string(),
  /** Its clock, milliseconds since the epoch. */
  now: z.number(),
});
export type JoinRequest = z.output<typeof joinRequest>;

/** What makes it a member. */
export const joinAnswer = z.object({
  authority: z.string(),
  authorityKey: z.string(),
  certificate: z.string(),
  secrets: z.record(z.string(), z.string()),
});
export type JoinAnswer = z.output<typeof joinAnswer>;

/** Why not. */
export const joinRefusal = z.object({ code: z.string(), message: z.string(), hint: z.optional(z.string()) });
