import type { Executors } from "../engine/action.ts";
import { markStale, monotonicMicroseconds } from "../state/stale.ts";

export const makeSecret: Executors["makeSecret"] = {
  together: true,
  describe: ({ name }) => name,
  async apply({ name }, io) {
    await io.makeSecret(name);
  },
};

/** Files that hold the value are compared anyway; the units given have read the secret itself. */
export const renewSecret: Executors["renewSecret"] = {
  together: true,
  describe: ({ name }) => name,
  async apply({ name, units }, io) {
    const mark = () => Promise.all(units.map((unit) => markStale(io.paths.run, unit, monotonicMicroseconds())));
    // Before: a crash after the renewal is noticed. After: a start in between read the old value.
    await mark();
    await io.renewSecret(name);
    await mark();
  },
};
