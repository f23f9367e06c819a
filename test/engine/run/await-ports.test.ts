import { once } from "node:events";
import { type AddressInfo, createServer, type Server } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import t from "tap";
import { awaitPorts } from "../../../engine/run/await-ports.ts";

const { signal } = new AbortController();

async function listen(server: Server, port = 0): Promise<number> {
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

t.test("ports that are open are not waited for, nor none at all", async (t) => {
  const server = createServer();
  const port = await listen(server);
  t.equal(await awaitPorts([port], signal), false);
  t.equal(await awaitPorts([], signal), false);
  server.close();
});

t.test("a port is waited for until it opens; one that doesn't open for a moment only", async (t) => {
  let connections = 0;
  const server = createServer(() => {
    connections += 1;
  });
  const port = await listen(server);
  server.close();
  await once(server, "close");
  let isOver = false;
  const waiting = awaitPorts([port], signal).finally(() => {
    isOver = true;
  });
  await sleep(50);
  t.notOk(isOver);
  await listen(server, port);
  t.equal(await waiting, true);
  server.close();
  await once(server, "close");
  t.equal(connections, 1, "and it has hung up, or the server would not have closed");
  t.equal(await awaitPorts([port], signal), true, "it gives up");
});

t.test("the wait ends with the run", async (t) => {
  const stop = new AbortController();
  const waiting = awaitPorts([1], stop.signal);
  stop.abort();
  t.equal(await waiting, true);
});
