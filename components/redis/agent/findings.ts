import type { FindingsOptions } from "../../../engine/agent-part.ts";
import { finding } from "../../../engine/finding.ts";
import type { MachineFinding } from "../../../stack/documents/doctor.ts";
import { persistence } from "./judge-persistence.ts";

export function findings(options: FindingsOptions): Promise<readonly MachineFinding[]> {
  return Promise.all([finding("redis-persistence", options.signal, () => persistence(options))]);
}
