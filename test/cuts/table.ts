import { faults, type Place, places } from "./draw-round.ts";
import type { RoundResult } from "./run-round.ts";

/** Rounds by fault and place, how many went well of how many; and what recovery took. */
export function table(results: readonly RoundResult[]): string {
  const rows = [
    ["fault", ...places, "boots", "seconds", "worst"],
    ...faults.map((fault) => {
      const own = results.filter(({ round }) => round.fault === fault);
      return [fault, ...places.map((place) => cell(own, place)), ...recovery(own)];
    }),
  ];
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  const line = (row: readonly string[]): string =>
    row.map((text, column) => text.padEnd(widths[column] ?? 0)).join("  ");
  return rows.map((row) => `${line(row).trimEnd()}\n`).join("");
}

function cell(results: readonly RoundResult[], place: Place): string {
  const here = results.filter(({ round }) => round.moment.place === place);
  if (here.length === 0) return "-";
  return `${here.filter(({ passed }) => passed).length}/${here.length}`;
}

/** Most boots; the median and the worst of the seconds. */
function recovery(results: readonly RoundResult[]): string[] {
  const seconds = results.flatMap((result) => result.seconds ?? []).sort((a, b) => a - b);
  if (seconds.length === 0) return ["-", "-", "-"];
  const middle = seconds[Math.floor((seconds.length - 1) / 2)] ?? 0;
  return [String(Math.max(...results.map(({ boots }) => boots))), middle.toFixed(1), (seconds.at(-1) ?? 0).toFixed(1)];
}

/** Results as `--json` prints them. */
export function resultsDocument(seed: number, results: readonly RoundResult[]) {
  return {
    schemaVersion: 1,
    seed,
    rounds: results.map(({ round: { number, fault, situation, moment }, ...result }) => ({
      ...{ round: number, fault, situation, moment },
      ...result,
    })),
  };
}
