import type { Executors } from "../engine/action.ts";

export const makeSecret: Executors["makeSecret"] = {
  describe: ({ name }) => name,
  async apply({ name }, io) {
    await io.makeSecret(name);
  },
};
