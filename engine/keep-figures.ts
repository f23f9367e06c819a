import type { Figures } from "./check.ts";

/** Milliseconds from one reading of what costs more than a look may to the next. */
const PERIOD = 30_000;

/**
 * Figures that are read less often than a check looks, and kept in between. A look has a reading
 * begun where it is time to, and never waits for it; where it fails there are none until the next.
 */
export function keepFigures(read: () => Promise<Figures>, period = PERIOD): () => Figures {
  let figures: Figures = {};
  let reading = false;
  let next = 0;
  return () => {
    const now = performance.now();
    if (reading || now < next) return figures;
    reading = true;
    next = now + period;
    void read()
      .then(
        (found) => {
          figures = found;
        },
        () => {
          figures = {};
        },
      )
      .finally(() => {
        reading = false;
      });
    return figures;
  };
}
