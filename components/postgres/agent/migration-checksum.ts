import { createHash } from "node:crypto";

/** sha256 of a migration's text, hex: what `stack_agent.migrations` remembers. */
export function migrationChecksum(text: string): string {
  return createHash("sha256").update(text, "utf8").digest("hex");
}
