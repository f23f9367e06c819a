import type { Executors } from "../action.ts";
import { whileStale } from "../state/stale.ts";

/** Files that hold the value are compared anyway; the units given have read the lost one themselves. */
export const makeSecret: Executors["makeSecret"] = {
  together: true,
  outdates: true,
  describe: ({ name }) => name,
  async apply({ name, units }, io) {
    await whileStale(io.paths.run, units, () => io.makeSecret(name));
  },
};

/** As a secret that is made: the units given have read the old one. */
export const renewSecret: Executors["renewSecret"] = {
  together: true,
  outdates: true,
  describe: ({ name }) => name,
  async apply({ name, units }, io) {
    await whileStale(io.paths.run, units, () => io.renewSecret(name));
  },
};
