import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import t from "tap";
import { withPostgres } from "../../components/postgres/agent/client.ts";
import { management } from "../../components/rabbitmq/agent/management.ts";
import { withRedis } from "../../components/redis/agent/client.ts";
import { withinDeadline } from "../../lib/within-deadline.ts";

const never = new AbortController().signal;
const deadline = { who: "the server", timeout: 200, hint: "systemctl status it" };

t.test(
  "a server that takes the connection and then stands still holds up nobody: one error that says who",
  async (t) => {
    const open = new Set<Socket>();
    const server = createServer((socket) => void open.add(socket));
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    t.teardown(() => server.close());
    const { port } = server.address() as AddressInfo;
    const uses = {
      postgres: (signal: AbortSignal) =>
        withPostgres({ port, database: "d", user: "u", password: "p" }, signal, (client) => client.query("select 1")),
      redis: (signal: AbortSignal) => withRedis(port, "p", signal, (client) => client.cluster("INFO")),
      management: (signal: AbortSignal) => management({ port, user: "u", password: "p" }, "GET", "/x", { signal }),
    };
    for (const [name, use] of Object.entries(uses)) {
      const error = { code: "timeout", message: "the server did not answer within 0.2 s", hint: /^systemctl/ };
      await t.rejects(withinDeadline<unknown>(deadline, never, use), error, name);
    }
    for (const socket of open) if (!socket.destroyed) await once(socket.resume(), "close");
    t.pass("and no client is left behind");
  },
);

t.test("in time, its answer and its errors are passed on; an abort is no timeout", async (t) => {
  t.equal(await withinDeadline(deadline, never, async () => 7), 7);
  const broken = new Error("broken");
  await t.rejects(
    withinDeadline(deadline, never, () => Promise.reject(broken)),
    broken,
  );
  const reason = new Error("stopped");
  const aborted = AbortSignal.abort(reason);
  await t.rejects(
    withinDeadline(deadline, aborted, async (signal) => signal.throwIfAborted()),
    reason,
  );
});
