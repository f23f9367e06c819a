import type { Executors } from "../../../../engine/action.ts";
import { ownNode } from "../../../../engine/facts/own-node.ts";
import { patroniBody } from "./ask-patroni.ts";

/** Milliseconds. */
const TIMEOUT = 10_000;

/** Changes what all servers have in common, where it lies in etcd; each Patroni takes it from there. */
export const patroniSettings: Executors["patroniSettings"] = {
  lock: "postgres",
  describe: ({ settings }) => JSON.stringify(settings),
  async apply({ cluster, port, settings }, io) {
    const { address: host } = ownNode(cluster);
    const password = await io.secret("postgres.patroni");
    const signal = AbortSignal.any([io.signal, AbortSignal.timeout(TIMEOUT)]);
    await patroniBody(cluster, { host, port, path: "/config", method: "PATCH", password, body: settings }, signal);
  },
};
