import type { Executors } from "../../../engine/action.ts";

/** Files of theirs that stay, data, keep their numbers: the users get the same ones only by chance. */
export const removeUsers: Executors["removeUsers"] = {
  lock: "dpkg",
  describe: ({ users, groups }) => [...users, ...groups.map((group) => `group ${group}`)].join(", "),
  async apply({ users, groups }, io) {
    const gone = { accept: [0, 6] };
    // With a user its own group goes; 6: not there.
    for (const user of users) await io.run("userdel", [user], gone);
    for (const group of groups) await io.run("groupdel", [group], gone);
  },
};

export const makeUsers: Executors["makeUsers"] = {
  lock: "dpkg",
  describe: ({ path }) => path,
  async apply({ path }, io) {
    await io.run("systemd-sysusers", [path]);
  },
};
