import { type Markup, markup, nothing } from "./markup.ts";

const width = 4;
const height = 16;
const states = [
  { value: 1, tone: "good", word: "passed" },
  { value: 2, tone: "warn", word: "warned" },
  { value: 3, tone: "bad", word: "failed" },
] as const;

/**
 * The minutes of the last hour as bars, the newest at the right. A run of minutes alike is one dashed
 * stroke, so an hour in which nothing happened is a line of text that never changes.
 *
 * @param minutes 0: not known, 1 pass, 2 warn, 3 fail
 */
export function stateBar(minutes: readonly number[]): Markup {
  const known = made.get(minutes) ?? bar(minutes);
  made.set(minutes, known);
  return known;
}

/** As long as an hour is the same so is its picture. */
const made = new WeakMap<readonly number[], Markup>();

function bar(minutes: readonly number[]): Markup {
  const strokes = states.flatMap(({ value, tone }) => {
    const runs = runsOf(minutes, value);
    if (runs.length === 0) return [];
    const d = runs.map(({ from, to }) => `M${from * width} ${height / 2}H${to * width}`).join("");
    return [markup`<path class="${tone}" d="${d}"/>`];
  });
  return markup`<svg class="bar" viewBox="0 0 ${minutes.length * width} ${height}" preserveAspectRatio="none" role="img" aria-label="${words(minutes)}"><path class="track" d="M0 ${height / 2}H${minutes.length * width}"/>${strokes.length === 0 ? nothing : strokes}</svg>`;
}

function words(minutes: readonly number[]): string {
  const known = minutes.filter((value) => value > 0).length;
  if (known === 0) return "nothing known yet";
  const told = states
    .map(({ value, word }) => ({ word, count: minutes.filter((one) => one === value).length }))
    .filter(({ count }) => count > 0);
  const [first] = told;
  if (told.length === 1 && first !== undefined) return `${first.word} throughout`;
  return told.map(({ word, count }) => `${word} in ${count} ${count === 1 ? "minute" : "minutes"}`).join(", ");
}

function runsOf(minutes: readonly number[], value: number): { from: number; to: number }[] {
  const runs: { from: number; to: number }[] = [];
  for (const [index, one] of minutes.entries()) {
    if (one !== value) continue;
    const last = runs.at(-1);
    if (last?.to === index) last.to = index + 1;
    else runs.push({ from: index, to: index + 1 });
  }
  return runs;
}
