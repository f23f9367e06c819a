import * as z from "zod/mini";
import { confinement } from "./confinement.ts";

/** How one promise of a unit's sandbox stands, tried from inside it. */
export const promiseFinding = z.object({
  /** Stable, for programs: `files`, `homes`, `network` … */
  promise: z.string(),
  title: z.string(),
  /** `not-enforced`: this machine can't keep it, whatever the unit says. */
  state: z.enum(["kept", "broken", "not-enforced"]),
  /** What was possible and should not be. */
  found: z.array(z.string()),
  hint: z.optional(z.string()),
});

/** A command that `doctor --fix` may run: safe, as who declares it knows that nobody is cut off and nothing is lost. */
export const safeFix = z.object({
  /** Program and arguments. */
  command: z.array(z.string()),
  /** What it does, and what is felt of it. */
  effect: z.string(),
});

/** What `stack-agent doctor --json` prints. */
export const doctorDocument = z.object({
  schemaVersion: z.literal(1),
  /** Of the sandboxes. kept: exit 0, or 2 where something of the machine warns; broken: 1; not-enforced: 2. */
  status: z.enum(["kept", "broken", "not-enforced"]),
  confinement,
  units: z.array(z.object({ unit: z.string(), user: z.string(), promises: z.array(promiseFinding) })),
  /** The machine beside its sandboxes. */
  machine: z.array(
    z.object({
      name: z.string(),
      status: z.enum(["pass", "warn"]),
      message: z.string(),
      /** What mends it, with the command. */
      hint: z.optional(z.string()),
      /** Of these, those that are safe. */
      fixes: z.optional(z.array(safeFix)),
    }),
  ),
  /** What `--fix` has run. */
  fixed: z.optional(
    z.array(z.object({ finding: z.string(), command: z.array(z.string()), error: z.optional(z.string()) })),
  ),
});

export type PromiseFinding = z.output<typeof promiseFinding>;
export type DoctorDocument = z.output<typeof doctorDocument>;
export type SafeFix = z.output<typeof safeFix>;
export type MachineFinding = DoctorDocument["machine"][number];
