/** Time, as an argument. */
export interface Clock {
  /** Milliseconds that never jump; only differences mean something. */
  readonly now: () => number;
  /** The wall clock. */
  readonly date: () => Date;
}

export const systemClock: Clock = { now: () => performance.now(), date: () => new Date() };
