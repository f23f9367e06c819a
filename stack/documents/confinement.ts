import * as z from "zod/mini";

export const confinementKinds = ["nesting", "no-nesting", "no-mounts"] as const;

/** What of the units' sandboxing the container allows; forced: by `sandbox` in stack.yaml. */
export const confinement = z.object({
  kind: z.enum([...confinementKinds, "unknown"]),
  how: z.enum(["probed", "forced", "unknown"]),
});

export type Confinement = z.output<typeof confinement>;
