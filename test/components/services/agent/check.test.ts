import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import t, { type Test as TapTest } from "tap";
import { serviceCheck, serviceOutcome } from "../../../../components/services/agent/check.ts";
import type { CheckContext } from "../../../../engine/check.ts";
import { waitFor } from "../../../../lib/wait.ts";

async function listening(t: TapTest, answer: RequestListener): Promise<{ server: Server; port: number }> {
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  return { server, port: (server.address() as AddressInfo).port };
}

const web = { name: "web", unit: "shop-web.service", folder: "/nowhere/at/all" };

function opened(t: TapTest, port: number) {
  const check = serviceCheck({ ...web, port, health: "/health" })({} as CheckContext);
  t.teardown(() => check.close());
  return check;
}

const never = new AbortController().signal;

t.test("a service's answer counts by its status, and a 503 names what fails", async (t) => {
  const document = (status: string, ...components: [string, string, string][]) =>
    JSON.stringify({ status, components: components.map(([name, status, code]) => ({ name, status, code })) });
  const table: [number, string, object][] = [
    [200, document("pass", ["redis", "pass", "ok"]), { status: "pass", code: "ok" }],
    [200, "fine", { status: "pass", code: "ok" }],
    [204, "", { status: "pass", code: "ok" }],
    [200, document("warn", ["redis", "warn", "stale"]), { status: "warn", code: "degraded", message: "redis: stale" }],
    [
      503,
      document("fail", ["postgres", "fail", "refused"], ["redis", "pass", "ok"], ["rabbitmq", "fail", "timeout"]),
      { status: "fail", code: "unhealthy", message: "postgres: refused, rabbitmq: timeout" },
    ],
    [503, "[1,null]", { status: "fail", code: "unhealthy" }],
    [404, "", { status: "fail", code: "unexpected-answer", message: "GET /health answered 404" }],
  ];
  for (const [status, body, expected] of table) t.match(serviceOutcome(status, body), expected, `${status} ${body}`);
});

t.test("the connection is kept between looks", async (t) => {
  let connections = 0;
  const { server, port } = await listening(t, (_, response) => response.end('{"status":"pass"}'));
  server.on("connection", () => {
    connections++;
  });
  const check = opened(t, port);
  for (let look = 0; look < 3; look++) t.match(await check.run(never), { status: "pass" });
  t.equal(connections, 1);
});

t.test("a service that accepts and never answers is cancelled, its connection ended", async (t) => {
  let open = 0;
  const { server, port } = await listening(t, () => {});
  server.on("connection", (socket) => {
    open++;
    socket.on("close", () => {
      open--;
    });
  });
  const check = opened(t, port);
  const controller = new AbortController();
  const looking = check.run(controller.signal);
  await waitFor(async () => open === 1, { what: "the connection", timeout: 10_000, interval: 5 });
  controller.abort();
  t.match(await looking, { status: "fail" });
  await waitFor(async () => open === 0, { what: "its end", timeout: 10_000, interval: 5 });
});

t.test("a service that is not there is refused, and found again when it is back", async (t) => {
  const { server, port } = await listening(t, (_, response) => response.end("{}"));
  const check = opened(t, port);
  t.match(await check.run(never), { status: "pass" });
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  t.match(await check.run(never), { status: "fail", code: "refused" });
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  t.match(await check.run(never), { status: "pass" });
});

t.test("an endless answer is cut off", async (t) => {
  const { port } = await listening(t, (_, response) => {
    const pour = (): void => {
      while (!response.destroyed && response.write("x".repeat(10_000)));
      if (!response.destroyed) response.once("drain", pour);
    };
    pour();
  });
  t.match(await opened(t, port).run(never), { status: "fail", code: "answer-too-long" });
});
