import type { Action } from "../action.ts";
import type { UnitFacts } from "../facts/fact-reader.ts";
import type { FailingServer } from "../stage.ts";

/**
 * Mends a server's files while it is not at them. It isn't waited for: whether it comes up now
 * is seen by the next look, and what else is damaged then.
 */
export function planMend(unit: Pick<UnitFacts, "unit" | "active">, mends: readonly Action[]): Action[] {
  if (mends.length === 0) return [];
  const units = [unit.unit];
  // One that is down is started with all that are.
  if (unit.active === "inactive" || unit.active === "failed") return [...mends];
  return [
    { do: "stopUnits", why: "its files are mended", args: { units } },
    ...mends,
    { do: "startUnits", why: "its files are mended", args: { units, wait: false } },
  ];
}

/** A server that doesn't come up, and the command that helps: provisioning, where it has something to mend. */
export function failingServer(unit: string, says: string, isMended: boolean): FailingServer {
  return { unit, says, help: isMended ? "stack-agent provision" : `journalctl -b -u ${unit}` };
}
