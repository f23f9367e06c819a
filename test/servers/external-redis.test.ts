import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import t from "tap";
import { externalRedisCheck } from "../../components/redis/agent/external-check.ts";
import { inspectExternalRedis, preflightExternalRedis } from "../../components/redis/agent/external-stage.ts";
import type { StackWith } from "../../engine/stack-with.ts";
import { run } from "../../lib/run.ts";
import { waitFor } from "../../lib/wait.ts";
import { parseDefinition } from "../../stack/definition/parse.ts";
import { resolve } from "../../stack/resolve.ts";
import { needs } from "../container/needs.ts";
import { certificates } from "./certificates.ts";
import { freePort } from "./free-port.ts";

const signal = new AbortController().signal;
const password = "of-shop's-own!";
const soon = () => AbortSignal.timeout(30_000);

/** A user that may do what docs/external-engines.md says, and no more. */
const rights =
  "on >of-shop's-own! ~* &* +@read +@write +@pubsub +@connection +@transaction +cluster|slots +cluster|info";

t.test("Redis of somebody else's, over TLS", async (t) => {
  const found = await run("redis-server", ["--version"]).catch(() => undefined);
  if (!needs(t, found === undefined ? "Redis is not installed (apt-get install redis-server)" : "")) return;
  const folder = await mkdtemp("/tmp/stack-external-redis-");
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  const tls = await certificates(folder, ["DNS:localhost", "IP:127.0.0.1"]);
  const servers = redisServers(folder, tls);
  t.teardown(servers.stopAll);
  const nobody = await freePort();

  const stack = (external: string, ca = tls.ca): StackWith<"redis"> => {
    const text = `name: shop\nversion: 1.0.0\nredis: { external: { user: shop, ca: ${ca}, ${external} } }\nservices:\n  a: { port: 8001 }\n`;
    return resolve(parseDefinition(text, "stack.yaml")) as StackWith<"redis">;
  };
  const checked = async (model: StackWith<"redis">, value: string | undefined = password) => {
    const check = externalRedisCheck(model)({ model, secret: async () => value });
    try {
      return await check.run(soon());
    } finally {
      await check.close();
    }
  };
  const looked = ({ redis }: StackWith<"redis">, value = password) =>
    inspectExternalRedis({ withSecret: async (_, use) => use(value) }, redis, signal);

  await t.test("a single server, past an address where nobody is; lost, and back", async (t) => {
    const port = await servers.start();
    const model = stack(`mode: single, addresses: ["localhost:${nobody}", "localhost:${port}"]`);
    t.match(await checked(model), { status: "pass", code: "ok" });
    t.equal(await looked(model), "ok");
    t.match(await checked(model, "another"), { status: "fail", code: "auth" });
    await t.rejects(looked(model, "another"), { code: "login-refused" });
    t.match(await checked(stack(`mode: single, addresses: ["localhost:${port}"]`, tls.other)), { code: "certificate" });
    const check = externalRedisCheck(model)({ model, secret: async () => password });
    t.teardown(() => check.close());
    t.match(await check.run(soon()), { status: "pass" });
    await servers.stop(port);
    t.match(await check.run(soon()), { status: "fail" });
    t.equal(await looked(model), "down");
    await servers.start(port);
    t.match(await check.run(soon()), { status: "pass" });
  });

  await t.test("rights that are missing are listed with the command that grants them", async (t) => {
    const port = await servers.start(undefined, "on >of-shop's-own! ~* +@connection");
    const model = stack(`mode: single, addresses: ["localhost:${port}"]`);
    t.match(await checked(model), { status: "fail", code: "denied" });
    const [problem] = preflightExternalRedis(await looked(model), model.redis);
    const command = /ACL SETUSER shop (.*)$/.exec(problem?.hint ?? "")?.[1] ?? "";
    await servers.cli(port, ["ACL", "SETUSER", "shop", ...command.split(" ")]);
    t.match(await checked(model), { status: "pass" });
    t.same(preflightExternalRedis(await looked(model), model.redis), []);
  });

  await t.test("a master that Sentinels name", async (t) => {
    const master = await servers.start();
    const sentinel = await servers.sentinel("the-master", master);
    const of = (name: string) =>
      stack(`mode: sentinel, master: ${name}, addresses: ["localhost:${nobody}", "localhost:${sentinel}"]`);
    t.match(await checked(of("the-master")), { status: "pass" });
    t.equal(await looked(of("the-master")), "ok");
    t.match(await checked(of("another")), { status: "fail", code: "no-master" });
  });

  await t.test("a cluster, each of whose masters takes a write; with one lost it says so", async (t) => {
    const ports = [await servers.node(), await servers.node(), await servers.node()];
    await servers.cli(ports[0] ?? 0, [
      ...["--cluster", "create", ...ports.map((port) => `127.0.0.1:${port}`), "--cluster-yes"],
    ]);
    const model = stack(`addresses: [${ports.map((port) => `"127.0.0.1:${port}"`).join(", ")}]`);
    const passes = async () => (await checked(model)).status === "pass";
    await waitFor(passes, { what: "the cluster to be whole", timeout: 60_000, interval: 250 });
    t.equal(await looked(model), "ok");
    await servers.stop(ports[1] ?? 0);
    t.match(await checked(model), { status: "fail", code: "refused" });
    await servers.start(ports[1], rights, ["--cluster-enabled", "yes", "--tls-cluster", "yes"]);
    await waitFor(passes, { what: "the cluster to be whole again", timeout: 60_000, interval: 250 });
  });
});

type Tls = Awaited<ReturnType<typeof certificates>>;

function redisServers(folder: string, { ca, key, certificate }: Tls) {
  const running = new Map<number, ChildProcess>();
  const files = ["--tls-cert-file", certificate, "--tls-key-file", key, "--tls-ca-cert-file", ca];
  const cli = async (port: number, args: readonly string[]): Promise<string> => {
    const to = ["--tls", "--cacert", ca, "-h", "localhost", "-p", `${port}`, ...args];
    return (await run("redis-cli", to, { timeout: 60_000 })).stdout;
  };
  const begin = async (port: number, args: readonly string[]): Promise<number> => {
    const data = join(folder, `${port}`);
    await mkdir(data, { recursive: true });
    const common = ["--bind", "127.0.0.1", "--port", "0", "--tls-port", `${port}`, "--tls-auth-clients", "no"];
    running.set(port, spawn("redis-server", [...args, ...common, ...files, "--dir", data], { stdio: "ignore" }));
    const answers = async () => (await cli(port, ["PING"])).includes("PONG");
    await waitFor(answers, { what: `Redis on port ${port}`, timeout: 60_000 });
    return port;
  };
  const start = async (port?: number, user = rights, more: readonly string[] = []): Promise<number> => {
    const chosen = port ?? (await freePort());
    return begin(chosen, ["--user", "shop", ...user.split(" "), "--save", "", ...more]);
  };
  const stop = async (port: number): Promise<void> => {
    const server = running.get(port);
    if (server === undefined || server.exitCode !== null) return;
    const ended = once(server, "exit");
    server.kill("SIGTERM");
    await ended;
  };
  return {
    cli,
    start,
    stop,
    node: () => start(undefined, rights, ["--cluster-enabled", "yes", "--tls-cluster", "yes"]),
    async sentinel(name: string, master: number): Promise<number> {
      const file = join(folder, "sentinel.conf");
      await writeFile(file, `sentinel monitor ${name} 127.0.0.1 ${master} 1\ntls-replication yes\n`);
      return begin(await freePort(), [file, "--sentinel"]);
    },
    stopAll: async () => {
      await Promise.all([...running.keys()].map(stop));
    },
  };
}
