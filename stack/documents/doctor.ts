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

/** What `stack-agent doctor --json` prints. */
export const doctorDocument = z.object({
  schemaVersion: z.literal(1),
  /** kept: exit 0; broken: 1; not-enforced: 2. */
  status: z.enum(["kept", "broken", "not-enforced"]),
  confinement,
  units: z.array(z.object({ unit: z.string(), user: z.string(), promises: z.array(promiseFinding) })),
  /** The machine beside its sandboxes. */
  machine: z.array(
    z.object({
      name: z.string(),
      status: z.enum(["pass", "warn"]),
      message: z.string(),
      hint: z.optional(z.string()),
    }),
  ),
});

export type PromiseFinding = z.output<typeof promiseFinding>;
export type DoctorDocument = z.output<typeof doctorDocument>;
export type MachineFinding = DoctorDocument["machine"][number];
