import type { Machine } from "./machine.ts";
import { type Figure, type Result, type Row, spread } from "./row.ts";

/** From this spread on between repeats of one thing the machine was busy with something else. */
const noisyFrom = 0.2;

/** The bench as a person reads it. */
export function table(results: readonly Result[], before: Machine, after: Machine): string {
  const lines = [["", "measured", "reference", "compared", "target", ""], ...results.map(cells)];
  const widths = lines[0]?.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0))) ?? [];
  const { processor, cores, memoryMiB, kernel, node } = before;
  return [
    ...lines.map((line) =>
      line
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join("  ")
        .trimEnd(),
    ),
    "",
    `${cores} cores of ${processor}, ${memoryMiB} MiB, Linux ${kernel}, Node ${node}, load ${before.load} before, ${after.load} after`,
    ...noise(results, before),
    ...results.filter(({ error }) => error !== undefined).map(({ name, error }) => `${name}: ${error}`),
    "",
  ].join("\n");
}

function cells({ name, title, target, measured, verdict }: Result): string[] {
  const label = `${name}: ${title}`;
  if (measured === undefined) return [label, "–", "–", "–", limit(target), verdict];
  const { figure, reference, compared } = measured;
  return [
    label,
    number(figure),
    reference === undefined ? "–" : `${number(reference)} ${reference.what}`,
    compared === undefined ? "–" : number(compared),
    limit(target),
    verdict === "missed" ? "MISSED" : verdict,
  ];
}

function limit(target: Row["target"]): string {
  return target === undefined ? "–" : `≤ ${number({ value: target.atMost, unit: target.unit })}`;
}

function number({ value, unit, samples }: Figure): string {
  const text = `${value.toFixed(unit === "builds" || value >= 100 ? 0 : 2)} ${unit}`;
  return samples === undefined || samples.length < 2 ? text : `${text} (${samples.length}×)`;
}

function noise(results: readonly Result[], before: Machine): string[] {
  const figures = results.flatMap(({ name, measured }) =>
    [measured?.figure, measured?.reference].flatMap((figure) => (figure === undefined ? [] : [{ name, figure }])),
  );
  const apart = figures.filter(({ figure }) => spread(figure) >= noisyFrom);
  const rows = [...new Set(apart.map(({ name }) => name))];
  return [
    ...(before.load > before.cores / 4
      ? [`NOISY: other work was running before the bench began (load ${before.load})`]
      : []),
    ...(rows.length > 0
      ? [`NOISY: repeats lie ${noisyFrom * 100} % apart or more in ${rows.join(", ")}: trust these less`]
      : []),
  ];
}
