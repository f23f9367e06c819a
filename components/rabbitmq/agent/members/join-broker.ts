import type { Executors } from "../../../../engine/action.ts";
import { messageOf } from "../../../../lib/error.ts";

/** Milliseconds for each of rabbitmqctl's commands: a broker that starts has its queues' logs to read. */
const COMMAND_TIMEOUT = 180_000;

/**
 * Has this machine's broker, which holds nothing, join another one's cluster: what it has is taken, and it has what the
 * cluster has. One that the cluster remembers, from before it lost its data, is forgotten first, with its members of
 * queues; the two others have every message.
 */
export const joinBroker: Executors["joinBroker"] = {
  lock: "rabbitmq",
  describe: ({ broker }) => broker,
  async apply({ own, broker, remembered }, io) {
    const control = async (...args: readonly string[]): Promise<void> => {
      await io.run("rabbitmqctl", ["--quiet", ...args], { cwd: "/", timeout: COMMAND_TIMEOUT, signal: io.signal });
    };
    await control("stop_app");
    try {
      if (remembered) await control("--node", broker, "forget_cluster_node", own);
      await control("join_cluster", broker);
    } catch (error) {
      // It stays what it was: provisioning has it try again.
      io.log("warning", `RabbitMQ did not join ${broker}: ${messageOf(error)}`);
      await control("start_app");
      throw error;
    }
    await control("start_app");
  },
};
