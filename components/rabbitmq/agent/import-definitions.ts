import type { Executors } from "../../../engine/action.ts";
import { isStackError } from "../../../lib/error.ts";
import { withinDeadline } from "../../../lib/within-deadline.ts";
import { definitionsPath } from "../../../stack/components/rabbitmq/component.ts";
import { adminLogin } from "./admin-login.ts";
import { management, managementDeadline } from "./management.ts";

const IMPORT_TIMEOUT = 60_000;

/**
 * Gives the broker what it should hold; what it holds beside that stays. Where the
 * administrator's login is refused, the way in is the Erlang cookie, by rabbitmqctl.
 */
export const importDefinitions: Executors["importDefinitions"] = {
  lock: "rabbitmq",
  describe: ({ managementPort }) => `by port ${managementPort}`,
  async apply({ managementPort, text }, io) {
    const body = await io.unseal(text);
    const login = await adminLogin(managementPort, io);
    try {
      await withinDeadline(managementDeadline(managementPort, IMPORT_TIMEOUT), io.signal, (signal) =>
        management(login, "POST", "/definitions", { signal, body }),
      );
    } catch (error) {
      if (!isStackError(error) || error.code !== "management-refused") throw error;
      io.log("notice", "RabbitMQ refuses the administrator's login: importing by rabbitmqctl");
      await io.run("rabbitmqctl", ["--quiet", "import_definitions", definitionsPath], {
        cwd: "/",
        timeout: IMPORT_TIMEOUT,
      });
    }
  },
};
