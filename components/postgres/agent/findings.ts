import type { FindingsOptions } from "../../../engine/agent-part.ts";
import type { MachineFinding } from "../../../stack/documents/doctor.ts";
import { collations } from "./collations.ts";

export async function findings(options: FindingsOptions): Promise<readonly MachineFinding[]> {
  return [await collations(options)];
}
