import type { Executors } from "../../../engine/action.ts";
import { withinDeadline } from "../../../lib/within-deadline.ts";
import { addressText } from "../../../stack/components/external.ts";
import { management } from "./management.ts";

const DECLARE_TIMEOUT = 60_000;

/** Declares what is missing in somebody else's broker, one thing after the other: later ones stand on earlier ones. */
export const declareInBroker: Executors["declareInBroker"] = {
  lock: "rabbitmq",
  describe: ({ requests }) => requests.map(({ path }) => decodeURIComponent(path)).join(", "),
  async apply({ login: { management: address, ca, user, secret }, requests }, io) {
    const login = { ...address, ca, user, password: await io.secret(secret) };
    const deadline = {
      who: `RabbitMQ's management on ${addressText(address)}`,
      timeout: DECLARE_TIMEOUT,
      hint: "stack-agent health rabbitmq",
    };
    await withinDeadline(deadline, io.signal, async (signal) => {
      for (const { method, path, body } of requests) {
        await management(login, method, path, { signal, body: await io.unseal(body) });
      }
    });
  },
};
