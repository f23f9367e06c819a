import { EventEmitter } from "node:events";
import type { Client } from "ssh2";
import t from "tap";
import { execOver } from "../../../installer/ssh/exec-over.ts";

t.test("a connection whose socket is gone is lost, also before it says that it is closed", async (t) => {
  const client = Object.assign(new EventEmitter(), {
    exec: () => {
      throw new Error("Not connected");
    },
  }) as unknown as Client;
  const connection = { client, where: "pve1", lost: () => undefined, isOpen: () => true };
  await t.rejects(execOver(connection, ["true"], {}), { code: "connection-lost", hint: /run the same command again/ });
  t.equal(client.listenerCount("close"), 0);
});
