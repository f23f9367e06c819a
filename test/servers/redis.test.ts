import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readdir, readFile, rm, rmdir, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Redis } from "ioredis";
import t from "tap";
import { backupParts } from "../../components/redis/agent/backup.ts";
import { redisCheck } from "../../components/redis/agent/check.ts";
import { openRedis, redisCode } from "../../components/redis/agent/client.ts";
import { isWhole, planCluster } from "../../components/redis/agent/plan-cluster.ts";
import { redisCluster } from "../../components/redis/agent/redis-cluster.ts";
import { savesInTurn } from "../../components/redis/agent/saves-in-turn.ts";
import { inspectNode, type NodeFacts } from "../../components/redis/agent/stage.ts";
import type { StackWith } from "../../engine/stack-with.ts";
import { silentLog } from "../../lib/log.ts";
import { type Run, run } from "../../lib/run.ts";
import { waitFor } from "../../lib/wait.ts";
import { budget } from "../../stack/budget.ts";
import { metrics } from "../../stack/components/redis/metrics.ts";
import type { RedisNode } from "../../stack/components/redis/model.ts";
import type { Model } from "../../stack/model.ts";
import { renderFile } from "../../stack/render/render-file.ts";
import { needs } from "../container/needs.ts";
import { stackModel } from "../stack/stack-model.ts";
import { freePort } from "./free-port.ts";
import { stageIo } from "./stage-io.ts";
import { suite } from "./suite.ts";

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
    const all = (await check.run(AbortSignal.timeout(10_000))).figures ?? {};
    t.same(Object.keys(all).sort(), metrics.map(({ name }) => name).sort());
    for (const [name, samples] of Object.entries(all)) {
      t.match(
        samples,
        ports.map((port) => ({ labels: { node: `${port}` }, value: Number })),
        name,
      );
    }
    await servers.stop(ports[1] ?? 0);
    t.match(await check.run(AbortSignal.timeout(10_000)), {
      status: "fail",
      figures: { stack_redis_node_up: [{ value: 1 }, { value: 0 }, { value: 1 }] },
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

  await t.test(
    "nodes whose logs have doubled rewrite them one after the other; a child of somebody else's is waited for",
    async (t) => {
      const [first = 0, second = 0, third = 0] = ports;
      const connections = await Promise.all(ports.map((port) => openRedis(port, password, signal)));
      const clients = connections.map(({ client }) => client);
      t.teardown(() => {
        for (const { drop } of connections) drop();
      });
      for (const client of clients) {
        await client.config("SET", "rdb-key-save-delay", "10000");
        await fillNode(client, 66);
      }
      const other = clients[2];
      const job = savesInTurn(servers.model.redis);
      await other?.bgsave();
      const watch = watchChildren(clients);
      await job.run({ model: servers.model, secret }, signal);
      const { most, rewrites } = await watch();
      t.equal(most, 1, "never more than one child");
      t.same(
        rewrites,
        [first, second, third].map(() => 1),
        "one each",
      );
      const before = await Promise.all(clients.map((client) => client.info("persistence")));
      t.ok(before.every((info) => Number(/aof_current_size:(\d+)/.exec(info)?.[1]) < 64 * 1024 * 1024));
      t.equal(await job.again?.(), 1_000, "others may be due by now");
      await job.run({ model: servers.model, secret }, signal);
      const after = await Promise.all(clients.map((client) => client.info("persistence")));
      const times = (infos: readonly string[]) =>
        infos.map((info) => /rdb_saves:(\d+)|aof_rewrites:(\d+)/g.exec(info)?.[0]);
      t.same(times(after), times(before), "what is not due is not done");
      t.equal(await job.again?.(), 10_000);
      for (const client of clients) await client.config("SET", "rdb-key-save-delay", "0");
    },
  );

  await t.test("a node that is down doesn't hinder the others; beside one that stands still none saves", async (t) => {
    const [first = 0, second = 0, third = 0] = ports;
    const job = savesInTurn({ ...servers.model.redis, snapshots: [{ seconds: 0, changes: 1 }] });
    const savedOf = async (port: number): Promise<number> => {
      const { client, drop } = await openRedis(port, password, signal);
      try {
        await client.set(await keyOf(client), "changed");
        await new Promise((resolve) => setTimeout(resolve, 1_100));
        await job.run({ model: servers.model, secret }, signal);
        return Number(/rdb_changes_since_last_save:(\d+)/.exec(await client.info("persistence"))?.[1]);
      } finally {
        drop();
      }
    };
    t.equal(await savedOf(first), 0, "all are there: it has saved");
    servers.signal(third, "SIGSTOP");
    t.equal(await savedOf(first), 1, "one stands still");
    servers.signal(third, "SIGCONT");
    await servers.stop(second);
    t.equal(await savedOf(first), 0, "one is down");
    await servers.start(second);
  });

  await t.test("a save that fails is told of, and tried again", async (t) => {
    const [first = 0] = ports;
    const { client, drop } = await openRedis(first, password, signal);
    t.teardown(drop);
    const job = savesInTurn(servers.model.redis);
    const { dataDirectory = "" } = servers.model.redis.nodes[0] ?? {};
    // A folder, which no file takes the place of.
    await rm(join(dataDirectory, "dump.rdb"), { force: true });
    await mkdir(join(dataDirectory, "dump.rdb"));
    await client.bgsave();
    const failed = async () => /rdb_last_bgsave_status:err/.test(await client.info("persistence"));
    await waitFor(failed, { what: "the save to fail", timeout: 30_000 });
    await t.rejects(job.run({ model: servers.model, secret }, signal), {
      code: "save-failed",
      message: `node ${first} can't save its data`,
    });
    t.equal(await job.again?.(), undefined);
    await rmdir(join(dataDirectory, "dump.rdb"));
    await job.run({ model: servers.model, secret }, signal);
    t.notOk(await failed());
  });

  await t.test(
    "its keys are saved one node after the other, and come back in the place of what is there",
    async (t) => {
      const folder = await mkdtemp("/tmp/stack-redis-backup-");
      t.teardown(() => rm(folder, { recursive: true, force: true }));
      const model = { ...servers.model, paths: { ...servers.model.paths, state: folder, run: folder } };
      await mkdir(join(folder, "secrets"));
      await writeFile(join(folder, "secrets/redis.auth"), password);
      const nodeOf = (unit: string) => model.redis.nodes.find((node) => node.unit === unit)?.port ?? 0;
      // No systemd runs here: the servers are the test's own processes.
      const byTest: Run = async (command, args, options) => {
        if (command !== "systemctl") return run(command, args, options);
        const [verb, ...units] = args;
        await Promise.all(units.map((unit) => (verb === "stop" ? servers.stop : servers.start)(nodeOf(unit))));
        return { stdout: "", stderr: "", code: 0 };
      };
      const context = { model, run: byTest, log: silentLog, signal };
      const each = async <T>(use: (client: Redis) => Promise<T>): Promise<T[]> => {
        const connections = await Promise.all(ports.map((port) => openRedis(port, password, signal)));
        return Promise.all(connections.map(({ client }) => use(client))).finally(() => {
          for (const { drop } of connections) drop();
        });
      };
      // A node was down a moment ago, and the others take it in again by their own clock.
      const isUp = async () =>
        (await each((client) => client.cluster("INFO"))).every((info) => /state:ok/.test(`${info}`));
      await waitFor(isUp, { what: "the cluster to be up", timeout: 60_000 });
      await each(async (client) => client.set(await keyOf(client), "saved", "EX", 90_000));
      const job = savesInTurn(model.redis);
      const askForJob = async (name: string): Promise<void> => {
        t.equal(name, "redis-saves");
        void job.run({ model, secret }, signal);
      };
      const [part] = backupParts(model);
      const copy = join(folder, "copy");
      await mkdir(copy);
      t.ok(await part?.save(copy, { ...context, messages: false, askForJob }));
      t.strictSame((await readdir(copy)).sort(), ["0-5460.rdb", "10923-16383.rdb", "5461-10922.rdb"]);
      await part?.prove(copy, context);

      await each(async (client) => client.set(await keyOf(client), "since"));
      await part?.restore(copy, context);
      t.strictSame(await each(async (client) => client.get(await keyOf(client))), ["saved", "saved", "saved"]);
      t.ok((await each(async (client) => client.ttl(await keyOf(client)))).every((left) => left > 80_000));
      t.ok(isWhole(planCluster(await servers.look())), "it is the same cluster");

      await truncate(join(copy, "0-5460.rdb"), 40);
      await t.rejects(async () => part?.prove(copy, context), { code: "backup-unusable", message: /0-5460/ });
      await rm(join(copy, "0-5460.rdb"));
      await t.rejects(async () => part?.restore(copy, context), { code: "slots-differ" });
      t.strictSame(await each(async (client) => client.get(await keyOf(client))), ["saved", "saved", "saved"]);
    },
  );

  await t.test("a node that came back empty is taken in again, and the others keep their keys", async (t) => {
    const [first = 0, second = 0] = ports;
    const kept = await openRedis(first, password, signal);
    const key = "{06S}kept"; // slot 0: the first node's
    // A node was down a moment ago, and the others take it in again by their own clock.
    const isUp = async () => String(await kept.client.cluster("INFO")).includes("cluster_state:ok");
    await waitFor(isUp, { what: "the cluster to be up", timeout: 60_000 });
    await kept.client.set(key, "here");
    await servers.stop(second);
    await servers.empty(second);
    await servers.start(second);
    t.notOk(isWhole(planCluster(await servers.look())));
    await redisCluster.apply({ ports }, servers.io);
    t.ok(isWhole(planCluster(await servers.look())));
    // All slots have a node again; that a server takes the cluster for up follows by its clock.
    await waitFor(isUp, { what: "the cluster to be up again", timeout: 60_000 });
    t.equal(await kept.client.get(key), "here");
    kept.drop();
  });
});

/** A key in a slot of the node's own. */
async function keyOf(client: Redis): Promise<string> {
  for (let number = 0; ; number += 1) {
    try {
      await client.exists(`key:${number}`);
      return `key:${number}`;
    } catch (error) {
      if (redisCode(error) !== "MOVED") throw error;
    }
  }
}

/** Writes so many MiB to a node's log, into one key. */
async function fillNode(client: Redis, mib: number): Promise<void> {
  const key = await keyOf(client);
  const value = "x".repeat(1024 * 1024);
  for (let written = 0; written < mib; written += 1) await client.set(key, value);
  for (let number = 0; number < 50; number += 1) await client.set(`{${key}}${number}`, "small");
}

/** Asks all nodes again and again; what is called at the end tells the most that saved at once, and who how often. */
function watchChildren(clients: readonly Redis[]) {
  let most = 0;
  let stopped = false;
  const saving = clients.map(() => false);
  const rewrites = clients.map(() => 0);
  const watching = (async () => {
    while (!stopped) {
      const infos = await Promise.all(clients.map((client) => client.info("persistence")));
      let now = 0;
      for (const [index, info] of infos.entries()) {
        const isRewriting = /aof_rewrite_in_progress:1/.test(info);
        if (isRewriting && !saving[index]) rewrites[index] = (rewrites[index] ?? 0) + 1;
        saving[index] = isRewriting;
        if (isRewriting || /rdb_bgsave_in_progress:1/.test(info)) now += 1;
      }
      most = Math.max(most, now);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  })();
  return async () => {
    stopped = true;
    await watching;
    return { most, rewrites };
  };
}

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
    signal: (port: number, name: NodeJS.Signals) => void running.get(port)?.kill(name),
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
