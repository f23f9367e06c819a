import type { UnitFacts } from "../../../engine/facts/fact-reader.ts";

/** Facts of a unit that is enabled and runs as it should, but for those given. */
export function activeUnit(unit: string, other: Partial<UnitFacts> = {}): UnitFacts {
  return {
    unit,
    load: "loaded",
    active: "active",
    enabled: "enabled",
    starting: false,
    needsReload: false,
    stale: false,
    ...other,
  };
}
