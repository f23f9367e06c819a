import { kept, step } from "./history.ts";
import { type Markup, markup, nothing } from "./markup.ts";
import type { PageView } from "./page-view.ts";
import { type Plot, plots } from "./plots.ts";
import type { Piece, Section } from "./section.ts";

const height = 100;
/** So many lines have a colour of their own. */
const mostLines = 5;

/** The last hour in figures. */
export function plotFigures(view: PageView): Section | undefined {
  const pieces = plots.flatMap((plot): Piece[] => {
    const lines = drawn(plot, view);
    const id = `plot-${plot.id}`;
    return lines.length === 0 ? [] : [{ id, content: figure(id, plot, lines, view) }];
  });
  if (pieces.length === 0) return undefined;
  return {
    pieces,
    frame: (contents) => markup`<section aria-labelledby="hour-title">
<h2 id="hour-title">The last hour</h2>
<div class="plots">
${contents}</div>
</section>
`,
  };
}

interface Drawn {
  readonly label: string;
  readonly values: readonly number[];
  /** Its last value; undefined where there is none just now. */
  readonly now: number | undefined;
  readonly highest: number;
}

function drawn(plot: Plot, { history }: PageView): readonly Drawn[] {
  return history
    .labels(plot.id)
    .flatMap((label): Drawn[] => {
      const values = history.line(plot.id, label) ?? [];
      const highest = highestOf(values);
      const last = values.at(-1);
      if (!Number.isFinite(highest)) return [];
      return [{ label, values, now: last === undefined || Number.isNaN(last) ? undefined : last, highest }];
    })
    .slice(0, mostLines);
}

function figure(id: string, plot: Plot, lines: readonly Drawn[], { results }: PageView): Markup {
  const top = scaleEnd(Math.max(plot.least, ...lines.map(({ highest }) => highest)));
  const several = lines.length > 1;
  const value = (one: number | undefined): string => (one === undefined ? "no figure" : written(one, plot.unit));
  const said = lines.map(({ label, now, highest }) => {
    return `${several ? `${label} ` : ""}${value(now)}, at most ${value(highest)}`;
  });
  const note = plot.leading?.word ?? plot.note?.(results);
  const known = lines.flatMap(({ now }) => now ?? []);
  const leading = plot.leading?.line === "highest" && known.length > 0 ? Math.max(...known) : lines[0]?.now;
  return markup`<figure id="${id}" class="plot">
<figcaption>${plot.title} <span class="value"><strong>${leading === undefined ? "–" : written(leading, plot.unit)}</strong>${note}</span></figcaption>
<div class="canvas"><span class="top" aria-hidden="true">${written(top, plot.unit)}</span>
<svg viewBox="0 0 ${kept - 1} ${height}" preserveAspectRatio="none" role="img" aria-label="${plot.title} in the last hour: ${said.join("; ")}" data-top="${top}" data-step="${step}" data-unit="${plot.unit}">
<path class="grid" d="M0 .5H${kept - 1}M0 ${height / 2}H${kept - 1}M0 ${height - 0.5}H${kept - 1}"/>
${lines.map(({ label, values }, index) => {
  const { line, area } = pathsOf(values, top);
  const below = several ? nothing : markup`<path class="area" d="${area}"/>`;
  return markup`${below}<path class="line line-${index + 1}" data-label="${label}" d="${line}"/>\n`;
})}</svg></div>
<p class="axis" aria-hidden="true"><span>1 h ago</span><span>now</span></p>
${
  several
    ? markup`<ul class="legend">${lines.map(
        ({ label, now }, index) =>
          markup`<li><span class="swatch line-${index + 1}"></span>${label} <strong>${now === undefined ? "–" : written(now, plot.unit)}</strong></li>`,
      )}</ul>\n`
    : nothing
}</figure>
`;
}

/** As long as a line's values are the same so is what is made of them: they move four times a minute. */
const highestMade = new WeakMap<readonly number[], number>();
const pathsMade = new WeakMap<
  readonly number[],
  { readonly top: number; readonly line: string; readonly area: string }
>();

/** Of none: minus infinity. */
function highestOf(values: readonly number[]): number {
  const made =
    highestMade.get(values) ?? values.reduce((a, b) => (Number.isNaN(b) || b <= a ? a : b), Number.NEGATIVE_INFINITY);
  highestMade.set(values, made);
  return made;
}

function pathsOf(values: readonly number[], top: number): { readonly line: string; readonly area: string } {
  const known = pathsMade.get(values);
  if (known?.top === top) return known;
  const all = stretches(values, top);
  const made = { top, line: lineOf(all), area: areaOf(all) };
  pathsMade.set(values, made);
  return made;
}

interface Point {
  readonly x: number;
  readonly y: number;
}

/** Stretches of known values, each without the points that lie on the line between their neighbours. */
function stretches(values: readonly number[], top: number): readonly (readonly Point[])[] {
  const found: Point[][] = [];
  let open: Point[] | undefined;
  for (const [x, value] of values.entries()) {
    if (Number.isNaN(value)) {
      open = undefined;
      continue;
    }
    const y = Math.round(height * (1 - Math.min(value, top) / top) * 10) / 10;
    if (open === undefined) {
      open = [];
      found.push(open);
    }
    const [a, b] = [open.at(-2), open.at(-1)];
    if (a !== undefined && b !== undefined && a.y === y && b.y === y) open.pop();
    open.push({ x, y });
  }
  return found;
}

function lineOf(all: readonly (readonly Point[])[]): string {
  return all
    .map((points) => {
      const d = points.map(({ x, y }, index) => `${index === 0 ? "M" : "L"}${x} ${y}`).join("");
      // A single value is a dot: a line of no length with round ends.
      return points.length === 1 ? `${d}h0` : d;
    })
    .join("");
}

function areaOf(all: readonly (readonly Point[])[]): string {
  return all
    .filter((points) => points.length > 1)
    .map((points) => {
      const line = points.map(({ x, y }) => `L${x} ${y}`).join("");
      return `M${points[0]?.x} ${height}${line}L${points.at(-1)?.x} ${height}Z`;
    })
    .join("");
}

/** The next of 1, 2, 5, 10, 20 … */
function scaleEnd(highest: number): number {
  const power = 10 ** Math.floor(Math.log10(highest));
  return [1, 2, 5, 10].map((factor) => factor * power).find((end) => end >= highest * 0.999) ?? highest;
}

function written(value: number, unit: Plot["unit"]): string {
  if (unit === "percent") return `${Math.round(value)} %`;
  const short =
    value >= 10_000
      ? `${Number((value / 1000).toPrecision(3))}k`
      : String(value < 10 ? Math.round(value * 10) / 10 : Math.round(value));
  return { "per-second": `${short}/s`, count: short, milliseconds: `${short} ms` }[unit];
}
