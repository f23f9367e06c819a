import type { Executors } from "../engine/action.ts";

export const makeUsers: Executors["makeUsers"] = {
  lock: "dpkg",
  describe: ({ path }) => path,
  async apply({ path }, io) {
    await io.run("systemd-sysusers", [path]);
  },
};
