import { management } from "../../clients/management.ts";
import type { Executors } from "../../engine/action.ts";
import { adminLogin } from "./admin-login.ts";

const DELETE_TIMEOUT = 30_000;

export const deleteBrokerUser: Executors["deleteBrokerUser"] = {
  lock: "rabbitmq",
  describe: ({ user }) => user,
  async apply({ managementPort, user }, io) {
    const signal = AbortSignal.any([io.signal, AbortSignal.timeout(DELETE_TIMEOUT)]);
    const login = await adminLogin(managementPort, io);
    await management(login, "DELETE", `/users/${encodeURIComponent(user)}`, { signal });
  },
};
