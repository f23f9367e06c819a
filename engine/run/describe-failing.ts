import type { FailingServer } from "../stage.ts";

/** "UNIT starts again and again: WHY". */
export function describeFailing({ unit, says }: Pick<FailingServer, "unit" | "says">): string {
  return [`${unit} starts again and again`, says].filter((part) => part !== "").join(": ");
}
