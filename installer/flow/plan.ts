import type { Facts } from "../preflight/facts.ts";

/**
 * What a deployment does, in this order. `adopt` waits for a creation that runs already: an
 * earlier run's, or another deployer's with the same account.
 */
export const steps = ["upload", "create", "adopt", "start", "wait"] as const;
export type Step = (typeof steps)[number];

/**
 * What is left to do where preflight has nothing to say against it. Pure.
 *
 * @param resend the file is sent whether it is there or not
 */
export function plan({ occupant, creation, file }: Facts, resend = false): readonly Step[] {
  if (creation !== undefined) return ["adopt", "start", "wait"];
  if (occupant === undefined) {
    const send = resend || file === "absent" || file === "damaged";
    return [...(send ? (["upload"] as const) : []), "create", "start", "wait"];
  }
  return occupant !== "unseen" && occupant.status === "running" ? ["wait"] : ["start", "wait"];
}
