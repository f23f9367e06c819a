import type { Executors } from "../../../engine/action.ts";
import { withinDeadline } from "../../../lib/within-deadline.ts";
import { adminLogin } from "./admin-login.ts";
import { management, managementDeadline } from "./management.ts";

const DELETE_TIMEOUT = 30_000;

export const deleteBrokerUser: Executors["deleteBrokerUser"] = {
  lock: "rabbitmq",
  describe: ({ user }) => user,
  async apply({ managementPort, user }, io) {
    const login = await adminLogin(managementPort, io);
    await withinDeadline(managementDeadline(managementPort, DELETE_TIMEOUT), io.signal, (signal) =>
      management(login, "DELETE", `/users/${encodeURIComponent(user)}`, { signal }),
    );
  },
};
