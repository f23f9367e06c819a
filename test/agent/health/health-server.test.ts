import { request } from "node:http";
import { connect } from "node:net";
import { networkInterfaces } from "node:os";
import { join } from "node:path";
import t, { type Test as TapTest } from "tap";
import type { Snapshot } from "../../../agent/health/component-states.ts";
import { healthServer } from "../../../agent/health/health-server.ts";
import { keepHistory } from "../../../agent/health/keep-history.ts";
import { openPage } from "../../../agent/health/open-page.ts";
import { routes } from "../../../agent/health/routes.ts";
import { tokenGate } from "../../../agent/health/token-gate.ts";
import { systemClock } from "../../../lib/clock.ts";
import { isStackError } from "../../../lib/error.ts";
import { projectFolder } from "../../../lib/project-folder.ts";
import { result, snapshot } from "./snapshot.ts";

const token = "0123456789abcdefghijABCDEFGHIJ0123456789";
const failing = snapshot({
  results: [result("postgres", { status: "fail", code: "refused", message: "nobody there" })],
});
const own = { residentBytes: 50_000_000, cpuSeconds: 1.5, startTime: 1_700_000_000 };

/** What answers are made from, the page too. */
function source(t: TapTest, given: Snapshot = snapshot()) {
  const hour = keepHistory(() => given);
  t.teardown(() => hour.stop());
  const page = openPage({
    ...{ snapshot: () => given, history: hour.history, clock: systemClock },
    ...{ folder: join(projectFolder, "agent/page"), runFolder: t.testdir(), asked: [] },
    run: async () => ({ stdout: "", stderr: "", code: 1 }),
  });
  return { snapshot: () => given, process: () => own, page };
}

async function serve(t: TapTest, given = snapshot(), secret: () => string | undefined = () => token) {
  const server = await healthServer({
    host: "127.0.0.1",
    port: 0,
    source: source(t, given),
    entitlement: tokenGate(async () => secret(), systemClock),
  });
  t.teardown(() => server.close());
  return server.port;
}

interface Given {
  readonly code: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

function ask(
  port: number,
  path: string,
  options: { method?: string; authorization?: string; host?: string } = {},
): Promise<Given> {
  const { method = "GET", authorization, host = "127.0.0.1" } = options;
  return new Promise((resolve, reject) => {
    const asked = request(
      { host, port, path, method, agent: false, headers: authorization ? { authorization } : {} },
      (response) => {
        let body = "";
        response.on("data", (chunk) => {
          body += chunk;
        });
        response.on("end", () => resolve({ code: response.statusCode ?? 0, headers: response.headers, body }));
      },
    );
    asked.on("error", reject);
    asked.end();
  });
}

t.test("without a host it is reached by every address of both families", async (t) => {
  const server = await healthServer({
    port: 0,
    source: source(t),
    entitlement: tokenGate(async () => token, systemClock),
  });
  t.teardown(() => server.close());
  t.equal((await ask(server.port, "/livez")).code, 200);
  const loopback6 = Object.values(networkInterfaces()).some((all) => all?.some(({ address }) => address === "::1"));
  if (!loopback6) return t.pass("this machine has no IPv6", { skip: true });
  t.equal((await ask(server.port, "/livez", { host: "::1" })).code, 200);
});

t.test("pass is 200, fail 503, liveness 200 whatever fails", async (t) => {
  const port = await serve(t, failing);
  const table: [string, number][] = [
    ["/livez", 200],
    ["/readyz", 503],
    ["/health", 503],
    ["/health?from=zabbix", 503],
    ["/health/postgres", 503],
    ["/health/data", 503],
    ["/health/services", 404],
    ["/health/provision", 200],
    ["/health/kafka", 404],
    ["/health/", 404],
    ["/nothing", 404],
    ["/metrics", 200],
    ["/status", 200],
    ["/", 200],
    ["/page/page.css", 200],
    ["/page/page.js", 200],
    ["/page/healthy.svg", 200],
    ["/page/page.ts", 404],
    ["/page/..%2fserve.ts", 404],
    ["/page/toString.svg", 404],
    ["/page/constructor", 404],
  ];
  for (const [path, code] of table) t.equal((await ask(port, path)).code, code, path);
});

t.test("health is application/health+json that no cache keeps", async (t) => {
  const { headers, body } = await ask(await serve(t), "/health");
  t.match(headers, { "content-type": "application/health+json", "cache-control": "no-store" });
  t.match(JSON.parse(body), { schemaVersion: 1, status: "pass", serviceId: "stack-agent" });
});

t.test("HEAD has the headers of GET and no body; other methods are refused", async (t) => {
  const port = await serve(t, failing);
  const got = await ask(port, "/health");
  const head = await ask(port, "/health", { method: "HEAD" });
  t.match(head, { code: 503, body: "", headers: { "content-length": got.headers["content-length"] } });
  const posted = await ask(port, "/health", { method: "POST" });
  t.match(posted, { code: 405, headers: { allow: "GET, HEAD" } });
  t.match(JSON.parse(posted.body), { code: "method-not-allowed" });
});

t.test("what is not there is a JSON error that names what is", async (t) => {
  const port = await serve(t);
  t.match(JSON.parse((await ask(port, "/nothing")).body), { code: "no-such-path", hint: /\/readyz/ });
  t.match(JSON.parse((await ask(port, "/health/kafka")).body), {
    code: "no-such-component",
    hint: /postgres, redis.*groups are data, services, machine/,
  });
});

t.test("messages are for the token only, and a wrong token is refused", async (t) => {
  const port = await serve(t, failing);
  t.notMatch((await ask(port, "/health")).body, /nobody there/);
  t.match((await ask(port, "/health", { authorization: `Bearer ${token}` })).body, /nobody there/);
  for (const authorization of ["Bearer wrong", "Bearer", "Basic dXNlcjpwYXNz", `Bearer ${token}x`]) {
    const refused = await ask(port, "/health", { authorization });
    t.match(refused, { code: 401, headers: { "www-authenticate": "Bearer" } }, authorization);
    t.notMatch(refused.body, /nobody there/);
  }
});

t.test("no path gives detail without the token, and every one refuses a wrong one", async (t) => {
  const port = await serve(t, failing);
  const detail = /nobody there|5432|1\.0\.0|727 MiB|3\.10\.8/;
  const beside = [
    "/health/postgres",
    "/health/data",
    "/page/page.css",
    "/page/page.js",
    "/page/failed.svg",
    "/nothing",
  ];
  for (const path of [...routes.map((route) => route.path), ...beside]) {
    const untold = await ask(port, path);
    t.notMatch(untold.body, detail, path);
    t.equal((await ask(port, path, { authorization: `Bearer ${token}` })).code, untold.code, "the status is the same");
    t.match(await ask(port, path, { authorization: "Bearer wrong" }), { code: 401, body: /wrong-token/ }, path);
  }
  t.match((await ask(port, "/status", { authorization: `Bearer ${token}` })).body, detail, "with it there is some");
});

t.test("while there is no token, showing one is no fault and gives no detail", async (t) => {
  const port = await serve(t, failing, () => undefined);
  const given = await ask(port, "/health", { authorization: `Bearer ${token}` });
  t.equal(given.code, 503);
  t.notMatch(given.body, /nobody there/);
});

t.test("a new token is taken up, the old one refused", async (t) => {
  let secret: string | undefined;
  let now = 0;
  const gate = tokenGate(async () => secret, { now: () => now, date: () => new Date() });
  t.equal(await gate("Bearer one"), "public");
  secret = "one";
  now += 1000;
  t.equal(await gate("Bearer one"), "detail");
  secret = "two";
  now += 1000;
  t.equal(await gate("Bearer two"), "detail");
  t.equal(await gate("Bearer one"), "refused");
});

t.test("metrics are Prometheus text: every line a sample or a comment, labels escaped", async (t) => {
  const help = "Used share of the disk.";
  const observes = {
    unit: "percent",
    metric: { name: "stack_disk_used_ratio", type: "gauge", help, per: 100 },
  } as const;
  const odd = snapshot({
    results: [result('a"b\\c'), { ...result("disk", { observedValue: 41.5 }), observes }, result("redis")],
  });
  const { headers, body } = await ask(await serve(t, odd), "/metrics");
  t.match(headers["content-type"], /^text\/plain; version=0\.0\.4/);
  t.match(body, 'stack_component_up{component="a\\"b\\\\c"} 1\n');
  t.match(
    body,
    "# HELP stack_disk_used_ratio Used share of the disk.\n# TYPE stack_disk_used_ratio gauge\nstack_disk_used_ratio 0.415\n",
  );
  t.match(body, 'stack_stage_seconds{stage="redis"} 2.2\n');
  for (const line of body.trimEnd().split("\n")) {
    t.match(line, /^(# (HELP|TYPE) [a-z_]+ .+|[a-z_]+(\{[a-z_]+=".*"\})? [0-9.e+-]+)$/);
  }
});

t.test("the page shows states to everybody, and nothing it was given as markup", async (t) => {
  const evil = snapshot({
    results: [result("redis", { status: "fail", code: "refused", message: "<script>alert(1)</script>" })],
  });
  const port = await serve(t, evil);
  const open = await ask(port, "/");
  t.match(open.headers["content-type"], /^text\/html/);
  t.match(open.body, /redis/);
  t.match(open.body, /Redis Cluster/);
  t.notMatch(open.body, /alert\(1\)/);
  const full = await ask(port, "/", { authorization: `Bearer ${token}` });
  t.match(full.body, "&lt;script&gt;alert(1)");
  t.notMatch(full.body, /<script>|<style|style=| on\w+=|https?:/, "nor anything that its own policy refuses");
});

t.test("a request that breaks the limits is refused and hurts nobody", async (t) => {
  const port = await serve(t);
  const answered = await new Promise<string>((resolve, reject) => {
    const socket = connect(port, "127.0.0.1", () => {
      socket.write(`GET /health HTTP/1.1\r\nHost: x\r\nX-Long: ${"a".repeat(20_000)}\r\n\r\n`);
    });
    let text = "";
    socket.on("data", (chunk) => {
      text += chunk;
    });
    socket.on("error", reject);
    socket.on("close", () => resolve(text));
  });
  t.match(answered, /^HTTP\/1\.1 431/);
  t.equal((await ask(port, "/livez")).code, 200);
});

t.test("a taken port is named, with the command that shows who has it", async (t) => {
  const port = await serve(t);
  const again = healthServer({
    host: "127.0.0.1",
    port,
    source: source(t),
    entitlement: async () => "public",
  });
  const error = await again.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  t.ok(isStackError(error));
  t.match(error, { code: "port-in-use", hint: `ss -ltnp 'sport = :${port}'` });
});

t.test("closing ends kept connections too", async (t) => {
  const server = await healthServer({
    host: "127.0.0.1",
    port: 0,
    source: source(t),
    entitlement: async () => "public",
  });
  const socket = connect(server.port, "127.0.0.1");
  await new Promise((resolve) => socket.once("connect", resolve));
  socket.write("GET /livez HTTP/1.1\r\nHost: x\r\n\r\n");
  await new Promise((resolve) => socket.once("data", resolve));
  const ended = new Promise((resolve) => socket.once("close", resolve));
  await Promise.all([server.close(), ended]);
  t.pass("both ended");
});
