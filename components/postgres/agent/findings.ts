import type { FindingsOptions } from "../../../engine/agent-part.ts";
import { finding } from "../../../engine/finding.ts";
import type { MachineFinding } from "../../../stack/documents/doctor.ts";
import { collations } from "./collations.ts";
import { xminHorizon } from "./xmin-horizon.ts";

export function findings(options: FindingsOptions): Promise<readonly MachineFinding[]> {
  const { signal } = options;
  return Promise.all([
    finding("collations", signal, () => collations(options)),
    finding("xmin-horizon", signal, () => xminHorizon(options)),
  ]);
}
