/** Units of figures; `×` is a ratio to the reference of the same run. */
export type Unit = "×" | "s" | "ms" | "MB" | "%" | "/s" | "builds";

export interface Figure {
  readonly value: number;
  readonly unit: Unit;
  /** Single measurements, where there was more than one: `value` is the least, or what the row says. */
  readonly samples?: readonly number[];
}

/** What a row found. */
export interface Measured {
  readonly figure: Figure;
  /** What the figure stands beside, measured in the same run. */
  readonly reference?: Figure & { readonly what: string };
  /** In the target's unit. Default: the figure itself. */
  readonly compared?: Figure;
}

/** One line of the bench. */
export interface Row {
  /** For --only. */
  readonly name: string;
  readonly title: string;
  /** The compared figure is to be at most this. Without one the row only tells. */
  readonly target?: { readonly atMost: number; readonly unit: Unit };
  measure(): Promise<Measured>;
}

export type Verdict = "met" | "missed" | "told" | "failed";

export interface Result {
  readonly name: string;
  readonly title: string;
  readonly target?: Row["target"];
  readonly measured?: Measured;
  readonly verdict: Verdict;
  /** Why there is no figure. */
  readonly error?: string;
}

/** Of a row and what it measured. @throws Error where units don't fit: a fault of the row */
export function judge({ name, title, target }: Row, measured: Measured): Result {
  const compared = measured.compared ?? measured.figure;
  if (target === undefined) return { name, title, measured, verdict: "told" };
  if (compared.unit !== target.unit) throw new Error(`${name}: ${compared.unit} against ${target.unit}`);
  return { name, title, target, measured, verdict: compared.value <= target.atMost ? "met" : "missed" };
}

/** The least of several, which other work on the machine disturbs least. */
export function least(samples: readonly number[], unit: Unit): Figure {
  return { value: Math.min(...samples), unit, samples };
}

/** How far the worst of several is from the best: 0.1 is 10 %. */
export function spread({ samples = [] }: Figure): number {
  return samples.length < 2 ? 0 : Math.max(...samples) / Math.min(...samples) - 1;
}
