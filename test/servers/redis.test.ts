import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import t from "tap";
import { redisCheck } from "../../components/redis/agent/check.ts";
import { openRedis } from "../../components/redis/agent/client.ts";
import { isWhole, planCluster } from "../../components/redis/agent/plan-cluster.ts";
import { redisCluster } from "../../components/redis/agent/redis-cluster.ts";
import { inspectNode, type NodeFacts } from "../../components/redis/agent/stage.ts";
import type { StackWith } from "../../engine/stack-with.ts";
import { run } from "../../lib/run.ts";
import { waitFor } from "../../lib/wait.ts";
import { budget } from "../../stack/budget.ts";
import type { RedisNode } from "../../stack/components/redis/model.ts";
import type { Model } from "../../stack/model.ts";
import { renderFile } from "../../stack/render/render-file.ts";
import { needs } from "../container/requirements.ts";
import { stackModel } from "../stack/stack-model.ts";
import { suite } from "./debian.ts";
import { freePort } from "./free-port.ts";
import { stageIo } from "./stage-io.ts";

const signal = new AbortController().signal;
const password = "password-of-the-test";
const secret = async (): Promise<string> => password;

t.test("a real Redis Cluster", async (t) => {
  const found = await run("redis-server", ["--version"]).catch(() => undefined);
  if (!needs(t, found === undefined ? "Redis is not installed (apt-get install redis-server)" : "")) return;
  const servers = await redisServers(stackModel(suite));
  t.teardown(servers.remove);
  const { ports } = servers;
  for (const port of ports) await servers.start(port);

  await t.test("a wrong password is told from a node that is down", async (t) => {
    const wrong = { withSecret: async <T>(_: string, use: (value: string) => Promise<T>) => use("other") };
    t.match(await inspectNode(wrong, ports[0] ?? 0, signal), { state: "refused" });
    t.match(await inspectNode(wrong, await freePort(), signal), { state: "down" });
  });

  await t.test("fresh nodes become one cluster; a second run changes nothing", async (t) => {
    t.notOk(isWhole(planCluster(await servers.look())));
    await redisCluster.apply({ ports }, servers.io);
    const views = await servers.look();
    t.ok(isWhole(planCluster(views)));
    await redisCluster.apply({ ports }, servers.io);
    t.same(
      (await servers.look()).map(({ epoch }) => epoch),
      views.map(({ epoch }) => epoch),
    );
  });

  await t.test("the check passes, names a stopped node, and passes again by itself", async (t) => {
    const check = redisCheck(servers.model)({ model: servers.model, secret });
    const passes = async (): Promise<boolean> => (await check.run(AbortSignal.timeout(10_000))).status === "pass";
    const wait = { timeout: 60_000, interval: 100 };
    await waitFor(passes, { what: "the cluster to serve its slots", ...wait });
    await servers.stop(ports[1] ?? 0);
    t.match(await check.run(AbortSignal.timeout(10_000)), {
      status: "fail",
      message: new RegExp(`^node ${ports[1]} \\(redis-server@\\d+\\.service\\) does not answer: `),
    });
    await servers.start(ports[1] ?? 0);
    await waitFor(passes, { what: "the cluster to recover", ...wait });
    await check.close();
    const { client, drop } = await openRedis(ports[0] ?? 0, password, signal);
    const clients = String(await client.call("CLIENT", "LIST", "TYPE", "normal"))
      .trim()
      .split("\n");
    drop();
    t.equal(clients.length, 1, "no client is left behind but the one that asks");
  });

  await t.test("a node that came back empty is taken in again, and the others keep their keys", async (t) => {
    const [first = 0, second = 0] = ports;
    const kept = await openRedis(first, password, signal);
    const key = "{06S}kept"; // slot 0: the first node's
    await kept.client.set(key, "here");
    await servers.stop(second);
    await servers.empty(second);
    await servers.start(second);
    t.notOk(isWhole(planCluster(await servers.look())));
    await redisCluster.apply({ ports }, servers.io);
    t.ok(isWhole(planCluster(await servers.look())));
    t.equal(await kept.client.get(key), "here");
    kept.drop();
  });
});

async function redisServers(stack: Model) {
  if (stack.redis === undefined) throw new TypeError("this stack has no redis");
  const folder = await mkdtemp("/tmp/stack-redis-");
  const nodes: RedisNode[] = [];
  for (const node of stack.redis.nodes) {
    const port = await freePort();
    const dataDirectory = join(folder, `${port}`);
    nodes.push({ ...node, port, busPort: port + 10_000, dataDirectory, config: `${dataDirectory}.conf` });
  }
  const model: StackWith<"redis"> = { ...stack, redis: { ...stack.redis, nodes } };
  const template = "rootfs-overlay/etc/redis/redis-node.conf.ejs";
  const source = await readFile(template, "utf8");
  const running = new Map<number, ChildProcess>();
  for (const node of nodes) {
    const entry = {
      path: node.config,
      component: "redis",
      kind: "file",
      template,
      mode: 0o640,
      owner: "root:redis",
      when: "boot",
      data: { node },
    } as const;
    const context = { templates: () => source, budget: budget(model, 2048), secret: () => password };
    const text = renderFile(entry, model, context)
      .replace(/^supervised .*/m, "supervised no")
      .replace(/^pidfile .*/m, "");
    await mkdir(node.dataDirectory);
    await writeFile(node.config, text);
  }
  const stop = async (port: number): Promise<void> => {
    const server = running.get(port);
    running.delete(port);
    if (server === undefined || server.exitCode !== null) return;
    const ended = once(server, "exit");
    server.kill("SIGTERM");
    await ended;
  };
  const io = stageIo(secret, folder);
  const reader = { withSecret: async <T>(_: string, use: (value: string) => Promise<T>) => use(password) };
  return {
    model,
    io,
    ports: nodes.map(({ port }) => port),
    async start(port: number): Promise<void> {
      running.set(port, spawn("redis-server", [join(folder, `${port}.conf`)], { stdio: "ignore" }));
      await waitFor(
        async (signal) => {
          (await openRedis(port, password, signal)).drop();
          return true;
        },
        { what: `Redis on port ${port}`, timeout: 30_000 },
      );
    },
    stop,
    async empty(port: number): Promise<void> {
      await rm(join(folder, `${port}`), { recursive: true });
      await mkdir(join(folder, `${port}`));
    },
    async look() {
      const views = await Promise.all(nodes.map(({ port }): Promise<NodeFacts> => inspectNode(reader, port, signal)));
      return views.filter((view) => "nodes" in view);
    },
    async remove(): Promise<void> {
      for (const port of [...running.keys()]) await stop(port);
      await rm(folder, { recursive: true, force: true });
    },
  };
}
