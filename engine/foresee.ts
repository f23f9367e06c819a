import type { Action, ActionName } from "./action.ts";
import type { FactReader, UnitFacts } from "./fact-reader.ts";

/** Actions after which the units they name run with something older than what is there. */
const outdating: readonly ActionName[] = ["makeSecret", "renewSecret", "makeVenv"];

/** Actions that make systemd read its units anew; enabling does it too. */
const reloading: readonly ActionName[] = ["reloadUnits", "enableUnits", "disableUnits", "maskUnits"];

/** Whether facts would be others after these actions. */
export function isForeseen(done: readonly Action[]): boolean {
  return outdated(done).length > 0 || done.some((action) => reloading.includes(action.do));
}

/** A reader that sees units as they will be once other stages' actions are done. */
export function foresee(reader: FactReader, done: readonly Action[]): FactReader {
  const stale = new Set(outdated(done));
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

function outdated(done: readonly Action[]): readonly string[] {
  return done
    .filter((action) => outdating.includes(action.do))
    .flatMap(({ args }) => ("units" in args ? args.units : []));
}
