import type { Executors } from "../engine/action.ts";

export const makeSecret: Executors["makeSecret"] = {
  together: true,
  describe: ({ name }) => name,
  async apply({ name }, io) {
    await io.makeSecret(name);
  },
};
