import type { Confinement } from "../../stack/documents/confinement.ts";
import type { MachineFinding } from "../../stack/documents/doctor.ts";

const confinements = {
  nesting: { status: "pass", message: "it allows all of the units' sandboxing" },
  "no-nesting": {
    status: "warn",
    message: "it refuses mounts of procfs: four directives are taken back",
    hint: "on the node: pct set VMID --features nesting=1, and start the container anew",
  },
  "no-mounts": {
    status: "warn",
    message: "it refuses all mounts: what needs them is taken back, secrets are lent as files in memory",
    hint: "allow bind mounts in the container's seccomp or AppArmor profile, and start it anew",
  },
  unknown: {
    status: "warn",
    message: "not known: the generator stack-sandbox has not run",
    hint: "systemctl daemon-reload",
  },
} as const;

/** What the container lets units' sandboxes do. */
export function confinementFinding({ kind, how }: Confinement): MachineFinding {
  const found: Omit<MachineFinding, "name"> = confinements[kind];
  const message = `${kind}: ${found.message}${how === "forced" ? " (set by sandbox in stack.yaml)" : ""}`;
  return { name: "confinement", ...found, message };
}
