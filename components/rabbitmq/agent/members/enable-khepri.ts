import type { Executors } from "../../../../engine/action.ts";
import { withinDeadline } from "../../../../lib/within-deadline.ts";
import { adminLogin } from "../admin-login.ts";
import { management, managementDeadline } from "../management.ts";

const MIGRATE_TIMEOUT = 120_000;

/**
 * Moves the cluster's metadata into Khepri, a store of three members: any two of them start, and go on, without the third.
 * RabbitMQ does it on all brokers at once, and once (https://www.rabbitmq.com/docs/metadata-store).
 */
export const enableKhepri: Executors["enableKhepri"] = {
  lock: "rabbitmq",
  describe: () => "",
  async apply({ managementPort }, io) {
    const login = await adminLogin(managementPort, io);
    await withinDeadline(managementDeadline(managementPort, MIGRATE_TIMEOUT), io.signal, (signal) =>
      management(login, "PUT", "/feature-flags/khepri_db/enable", { signal, body: '{"name":"khepri_db"}' }),
    );
  },
};
