import { isStackError, messageOf } from "../lib/error.ts";
import type { MachineFinding } from "../stack/documents/doctor.ts";

/** What a look found, without its name. */
export type Found = Omit<MachineFinding, "name">;

/** One look of the doctor's, under its name. One that fails is told as that, and keeps no other from its own. */
export async function finding(
  name: string,
  signal: AbortSignal,
  look: () => Found | Promise<Found>,
): Promise<MachineFinding> {
  try {
    return { name, ...(await look()) };
  } catch (error) {
    if (signal.aborted) throw error;
    const hint = (isStackError(error) ? error.hint : undefined) ?? "stack-agent status";
    return { name, status: "warn", message: `not known: ${messageOf(error)}`, hint };
  }
}
