import type { HealthStatus } from "../../stack/documents/health.ts";
import { type Observed, plots } from "./plots.ts";
import { type Ring, ring } from "./ring.ts";

/** What is noted of a moment. */
export interface Moment {
  /** Milliseconds, by a clock that never jumps. */
  readonly now: number;
  readonly date: Date;
  /** The word for the whole stack. */
  readonly overall: string;
  readonly results: readonly Observed[];
  readonly components: readonly { readonly name: string; readonly status: HealthStatus }[];
}

/** Since when something is as it is; by the wall clock. */
export interface Standing {
  readonly status: string;
  readonly since: Date;
}

/** The last hour, in memory alone: it is gone with the process. */
export interface History {
  note(moment: Moment): void;
  /** Of a component, or of the whole stack; undefined before it was noted. */
  standing(component?: string): Standing | undefined;
  /**
   * The worst of each minute, the oldest first; 0: not known, 1 pass, 2 warn, 3 fail. The same array, until it
   * is another.
   */
  minutes(component: string): readonly number[];
  /**
   * A line's values, one a `step`, the oldest first, NaN where there is none; undefined of a line that never had
   * one. The newest is of the last whole step, unless there was none yet. The same array, until it is another.
   */
  line(plot: string, label: string): readonly number[] | undefined;
  /** Labels of a plot's lines that were noted. */
  labels(plot: string): readonly string[];
}

/** Milliseconds that a value stands for, and how many are kept: an hour. */
export const step = 15_000;
export const kept = 240;
const perMinute = 60_000 / step;

/**
 * Most lines, and most components, that are kept: 960 bytes a line and 240 a component, so the whole
 * can't grow beyond a quarter of a megabyte, whatever is noted.
 */
const most = { lines: 64, components: 512 };

const worth: Readonly<Record<HealthStatus, number>> = { pass: 1, warn: 2, fail: 3 };
const wholeStack = "";

interface Counted {
  readonly reading: unknown;
  readonly value: number;
  readonly at: number;
  readonly rate: number;
}

/** @param groupOf a component's group */
export function history(groupOf: (component: string) => string | undefined): History {
  const standings = new Map<string, Standing>();
  const states = new Map<string, Ring>();
  const lines = new Map<string, Ring>();
  const counted = new Map<string, Counted>();
  const minutesMade = new Map<string, readonly number[]>();
  const linesMade = new Map<string, readonly number[]>();
  let slot: number | undefined;

  const stand = (name: string, status: string, since: Date): void => {
    if (standings.get(name)?.status !== status) standings.set(name, { status, since });
  };
  const moveOn = (now: number): void => {
    const current = Math.floor(now / step);
    const moved = slot === undefined ? 0 : current - slot;
    slot = current;
    if (moved <= 0) return;
    for (const one of [...states.values(), ...lines.values()]) one.move(moved);
    minutesMade.clear();
    linesMade.clear();
  };
  const take = (key: string, value: number): void => {
    let line = lines.get(key);
    if (line === undefined && lines.size < most.lines) {
      line = ring(new Float32Array(kept), Number.NaN);
      lines.set(key, line);
    }
    if (line !== undefined) line.set(Number.isNaN(line.newest) ? value : Math.max(line.newest, value));
  };
  /** How fast a counter grows, by its last two readings. */
  const rateOf = (key: string, value: number, reading: unknown, now: number): number | undefined => {
    const before = counted.get(key);
    if (before !== undefined && before.reading === reading) return Number.isNaN(before.rate) ? undefined : before.rate;
    const grown = before === undefined ? Number.NaN : (1000 * (value - before.value)) / (now - before.at);
    // It begins anew with its server.
    const rate = grown >= 0 ? grown : Number.NaN;
    counted.set(key, { reading, value, at: now, rate });
    return Number.isNaN(rate) ? undefined : rate;
  };

  return {
    note: ({ now, date, overall, results, components }) => {
      moveOn(now);
      stand(wholeStack, overall, date);
      for (const { name, status } of components) {
        stand(name, status, date);
        // What only starts has not failed: each boot would leave a red minute.
        if (overall === "working" && status === "fail") continue;
        let own = states.get(name);
        if (own === undefined && states.size < most.components) {
          own = ring(new Uint8Array(kept), 0);
          states.set(name, own);
        }
        if (own === undefined || own.newest >= worth[status]) continue;
        own.set(worth[status]);
        minutesMade.delete(name);
      }
      for (const plot of plots) {
        for (const { label, counter, value, reading } of plot.lines(results, groupOf)) {
          const key = `${plot.id}/${label}`;
          const found = value(results);
          if (found === undefined) continue;
          const shown = counter ? rateOf(key, found, reading?.(results), now) : found;
          if (shown !== undefined) take(key, shown);
        }
      }
    },
    standing: (component = wholeStack) => standings.get(component),
    minutes: (component) => {
      const made = minutesMade.get(component) ?? minutesOf(states.get(component)?.values() ?? []);
      minutesMade.set(component, made);
      return made;
    },
    line: (plot, label) => {
      const key = `${plot}/${label}`;
      const made = linesMade.get(key);
      const all = made === undefined ? lines.get(key)?.values() : undefined;
      if (all === undefined) return made;
      const whole = [Number.NaN, ...all.slice(0, -1)];
      // In the first moments there is no other: it is looked at again.
      if (whole.every(Number.isNaN)) return all;
      linesMade.set(key, whole);
      return whole;
    },
    labels: (plot) =>
      [...lines.keys()].filter((key) => key.startsWith(`${plot}/`)).map((key) => key.slice(plot.length + 1)),
  };
}

function minutesOf(values: readonly number[]): readonly number[] {
  return Array.from({ length: kept / perMinute }, (_, minute) =>
    Math.max(0, ...values.slice(minute * perMinute, (minute + 1) * perMinute)),
  );
}
