import type { Action, ActionName, Executors } from "../action.ts";
import type { FactReader, UnitFacts } from "../facts/fact-reader.ts";

/** Actions that make systemd read its units anew; enabling does it too. */
const reloading: readonly ActionName[] = ["reloadUnits", "enableUnits", "disableUnits", "maskUnits"];

/** Whether facts would be others after these actions. */
export function isForeseen(done: readonly Action[], executors: Executors): boolean {
  return outdated(done, executors).length > 0 || done.some((action) => reloading.includes(action.do));
}

/** A reader that sees units as they will be once other stages' actions are done. */
export function foresee(reader: FactReader, done: readonly Action[], executors: Executors): FactReader {
  const stale = new Set(outdated(done, executors));
  const reloaded = done.some((action) => reloading.includes(action.do));
  const later = (unit: UnitFacts): UnitFacts => ({
    ...unit,
    stale: unit.stale || stale.has(unit.unit),
    needsReload: unit.needsReload && !reloaded,
  });
  return {
    ...reader,
    units: async (names) => new Map([...(await reader.units(names))].map(([name, unit]) => [name, later(unit)])),
  };
}

function outdated(done: readonly Action[], executors: Executors): readonly string[] {
  return done
    .filter((action) => executors[action.do]?.outdates === true)
    .flatMap(({ args }) => ("units" in args ? args.units : []));
}
