import { type Markup, markup } from "./markup.ts";

/** What a state looks like: four kinds, whatever it is of. */
export type Tone = "good" | "warn" | "bad" | "busy" | "idle";

const tones: Readonly<Record<string, Tone>> = {
  pass: "good",
  healthy: "good",
  done: "good",
  ok: "good",
  warn: "warn",
  degraded: "warn",
  fail: "bad",
  failed: "bad",
  working: "busy",
  running: "busy",
};

export function toneOf(state: string): Tone {
  return tones[state] ?? "idle";
}

/** Shapes differ as colours do: for those who don't see these. 16 × 16. */
const shapes: Readonly<Record<Tone, Markup>> = {
  good: markup`<path d="M3 8.5l3.2 3.2L13 4.8"/>`,
  warn: markup`<path d="M8 2.2L14.3 13.4H1.7zM8 6.4v3.2M8 11.6v.1"/>`,
  bad: markup`<path d="M4 4l8 8M12 4l-8 8"/>`,
  busy: markup`<path d="M13.2 8a5.2 5.2 0 1 1-2.4-4.4"/>`,
  idle: markup`<path d="M4 8h8"/>`,
};

export function shape(tone: Tone): Markup {
  return markup`<svg class="shape" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">${shapes[tone]}</svg>`;
}

/** A state as a word beside its shape, in its colour. */
export function badge(state: string): Markup {
  const tone = toneOf(state);
  return markup`<span class="badge ${tone}">${shape(tone)}${state}</span>`;
}
