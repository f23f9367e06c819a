import type { Run } from "../../lib/run.ts";
import { parseShow } from "../../lib/systemd/parse-show.ts";
import type { AnalysisDocument } from "../../stack/documents/analysis.ts";

/** When units began to start and were up, as systemd knows it, since its own start. */
export async function unitTimes(units: readonly string[], run: Run): Promise<AnalysisDocument["units"]> {
  const [manager, shown] = await Promise.all([
    run("systemctl", ["show", "--property=UserspaceTimestampMonotonic"]),
    run("systemctl", [
      "show",
      "--property=Id,InactiveExitTimestampMonotonic,ActiveEnterTimestampMonotonic",
      "--",
      ...units,
    ]),
  ]);
  const began = parseShow(manager.stdout)[0]?.get("UserspaceTimestampMonotonic");
  return parseUnitTimes(shown.stdout, Number(began || 0));
}

/**
 * @param text of `systemctl show`: a block a unit, CLOCK_MONOTONIC in microseconds, 0 for never
 * @param began microseconds, of systemd's start
 */
export function parseUnitTimes(text: string, began: number): AnalysisDocument["units"] {
  return parseShow(text)
    .flatMap((values) => {
      const unit = values.get("Id");
      const [start, active] = ["InactiveExitTimestampMonotonic", "ActiveEnterTimestampMonotonic"].map((name) =>
        Math.round((Number(values.get(name) || 0) - began) / 1000),
      );
      return unit === undefined || start === undefined || active === undefined || start < 0 || active < start
        ? []
        : [{ unit, startMs: start, activeMs: active }];
    })
    .sort((one, other) => one.startMs - other.startMs);
}
