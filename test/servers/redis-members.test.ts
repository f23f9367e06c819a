/** Redis Cluster of three machines, on real servers: three addresses of loopback stand for them. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import t from "tap";
import { members } from "../../components/redis/agent/cluster.ts";
import { balanceMasters } from "../../components/redis/agent/members/balance-masters.ts";
import { clusteredCheck } from "../../components/redis/agent/members/clustered-check.ts";
import { lookAtMembers } from "../../components/redis/agent/members/look-at-members.ts";
import { redisMembers } from "../../components/redis/agent/members/redis-members.ts";
import { type Seat, seatName, seatsOf } from "../../components/redis/agent/members/seats.ts";
import type { CheckContext } from "../../engine/check.ts";
import type { StackWith } from "../../engine/stack-with.ts";
import { run } from "../../lib/run.ts";
import { waitFor } from "../../lib/wait.ts";
import { budget } from "../../stack/budget.ts";
import type { ClusterModel } from "../../stack/components/cluster/model.ts";
import { parseDefinition } from "../../stack/definition/parse.ts";
import { renderFile } from "../../stack/render/render-file.ts";
import { resolve } from "../../stack/resolve.ts";
import { needs } from "../container/needs.ts";
import { certificates } from "./certificates.ts";
import { stageIo } from "./stage-io.ts";
import { suite } from "./suite.ts";

const addresses = ["127.0.1.1", "127.0.1.2", "127.0.1.3"];
const password = "password-of-the-test";
const secret = async () => password;
const soon = (): AbortSignal => AbortSignal.timeout(10_000);

t.test("Redis on three machines, by TLS", async (t) => {
  const found = await run("redis-server", ["--version"]).catch(() => undefined);
  if (!needs(t, found === undefined ? "Redis is not installed (apt-get install redis-server)" : "")) return;
  const folder = await mkdtemp("/tmp/stack-redis-members-");
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  const tls = await certificates(
    folder,
    addresses.map((address) => `IP:${address}`),
  );
  const model = modelOf(tls);
  const { redis } = model;
  const cluster = clusterOf(model);
  const seats = seatsOf(cluster, redis);
  const servers = serversOf(model, folder);
  t.teardown(() => servers.kill(seats));
  const io = stageIo(secret, folder);
  const context: CheckContext = { model, secret };
  const place = () => cluster.nodes[0] ?? t.fail("no node");
  const mend = () => redisMembers.apply({ cluster, seats, index: 0 }, io);
  const masters = async (): Promise<readonly string[]> => {
    const told = await members({ model, signal: soon(), secret });
    return told.filter(({ role, status }) => role === "master" && status !== "fail").map(({ node }) => node);
  };
  const check = clusteredCheck(model, () => cluster.nodes[0] as never)(context);
  t.teardown(() => check.close());
  const becomes = (code: string) =>
    waitFor(async () => (await check.run(soon())).code === code, {
      ...{ what: `health to be ${code}`, timeout: 60_000, interval: 250 },
    });
  const [own, others] = [seats.filter(({ index }) => index === 0), seats.filter(({ index }) => index > 0)];
  await servers.start(seats);

  await t.test(
    "six nodes become one cluster, a master and a replica on each machine; twice changes nothing",
    async (t) => {
      await Promise.all([mend(), mend()]);
      await becomes("ok");
      t.strictSame(await masters(), ["a", "b", "c"]);
      const epochs = async () => {
        const { members } = await lookAtMembers(seats, cluster, password, soon());
        for (const { connection } of members) connection.drop();
        return members.map(({ view }) => view.epoch);
      };
      const before = await epochs();
      await mend();
      t.strictSame(await epochs(), before);
    },
  );

  await t.test("who has no certificate of the cluster's, or another password, is not let in", async (t) => {
    const [seat] = seats;
    const args = ["-h", seat?.address ?? "", "-p", `${seat?.port}`, "--tls", "--cacert", tls.ca, "PING"];
    t.notMatch((await run("redis-cli", args, { accept: [0, 1] })).stdout, "PONG");
    const { failed } = await lookAtMembers(seats, cluster, "another", soon());
    t.equal(failed.size, 6);
  });

  await t.test(
    "a machine is lost: its shard is taken over, and health warns; back, masters are apart again",
    async (t) => {
      await servers.kill(own);
      await becomes("node-down");
      await waitFor(async () => (await masters()).length === 3, {
        what: "another master",
        timeout: 60_000,
        interval: 250,
      });
      t.notOk((await masters()).includes("a"));
      await servers.start(own);
      await becomes("unbalanced");
      const { run: balance } = balanceMasters(redis, place as never);
      await waitFor(
        async () => {
          await balance(context, soon());
          return (await masters()).includes("a");
        },
        { what: "a master on each machine", timeout: 60_000, interval: 500 },
      );
      await becomes("ok");
    },
  );

  await t.test("a machine that comes back with nothing is a member again, and has its keys", async (t) => {
    await servers.set("kept", "by the others");
    await sleep(100);
    await servers.kill(own);
    await waitFor(async () => (await masters()).length === 3, {
      what: "another master",
      timeout: 60_000,
      interval: 250,
    });
    for (const seat of own) await rm(servers.folderOf(seat), { recursive: true });
    await servers.start(own);
    await mend();
    await waitFor(async () => (await check.run(soon())).code !== "cluster-down", {
      what: "it to see the others",
      timeout: 60_000,
    });
    // A server takes the cluster for up by its own clock.
    await waitFor(async () => !(await servers.get("kept")).startsWith("CLUSTERDOWN"), {
      ...{ what: "every server to take the cluster for up", timeout: 60_000, interval: 250 },
    });
    t.equal(await servers.get("kept"), "by the others");
    const remembered = async (): Promise<number> => {
      const { members: open } = await lookAtMembers(seats, cluster, password, soon());
      for (const { connection } of open) connection.drop();
      return Math.max(...open.map(({ view }) => view.nodes.length));
    };
    // Handshakes that came to nothing are there for some seconds.
    await waitFor(async () => (await remembered()) === 6, {
      ...{ what: "everybody to have forgotten who it was", timeout: 60_000, interval: 500 },
    });
  });

  await t.test("one of three serves nothing, and says so", async () => {
    await servers.kill(others);
    await becomes("cluster-down");
  });
});

function modelOf({ ca, certificate, key }: Awaited<ReturnType<typeof certificates>>): StackWith<"redis"> {
  const text = `name: shop
version: 1.0.0
debian: ${suite}
container: {network: {address: ${addresses[0]}/24, gateway: 127.0.1.254}}
cluster: {nodes: {a: ${addresses[0]}, b: ${addresses[1]}, c: ${addresses[2]}}}
redis: {ports: [17379, 17380, 17381]}
services: {web: {port: 8001}}
`;
  const model = resolve(parseDefinition(text, "stack.yaml")) as StackWith<"redis">;
  const cluster = { ...clusterOf(model), ca, certificate, key };
  return { ...model, cluster, redis: { ...model.redis, cluster } };
}

function clusterOf({ redis: { cluster } }: StackWith<"redis">): ClusterModel {
  if (cluster === undefined) throw new TypeError("no cluster");
  return cluster;
}

function serversOf(model: StackWith<"redis">, folder: string) {
  const running = new Map<Seat, ChildProcess>();
  const { ca, certificate, key } = clusterOf(model);
  const folderOf = (seat: Seat): string => join(folder, seatName(seat));
  const cli = async (seat: Seat, ...args: readonly string[]): Promise<string> => {
    const to = ["-h", seat.address, "-p", `${seat.port}`, "--tls", "--cacert", ca, "--cert", certificate, "--key", key];
    const env = { ...process.env, REDISCLI_AUTH: password };
    return (await run("redis-cli", [...to, "-c", ...args], { env })).stdout.trim();
  };
  const startOne = async (seat: Seat): Promise<void> => {
    const node = model.redis.nodes.find(({ port }) => port === seat.port);
    const entry = model.files.find(({ path }) => path === node?.config);
    const machine = clusterOf(model).nodes[seat.index];
    if (node === undefined || entry === undefined || machine === undefined) throw new TypeError("no such node");
    const data = { node: { ...node, dataDirectory: folderOf(seat) } };
    const text = renderFile({ ...entry, data }, model, {
      ...{ budget: budget(model, 2048), secret: () => password, place: machine },
      templates: (path) => readFileSync(join(import.meta.dirname, "../..", path), "utf8"),
    });
    await mkdir(folderOf(seat), { recursive: true });
    const config = join(folderOf(seat), "redis.conf");
    const alone = text.replace(/^supervised systemd$/m, "supervised no").replace(/^pidfile .*$/m, "");
    await writeFile(config, alone);
    running.set(seat, spawn("redis-server", [config], { stdio: "ignore" }));
    const answers = async () => (await cli(seat, "PING").catch(() => "")).includes("PONG");
    await waitFor(answers, { what: `Redis on ${seatName(seat)}`, timeout: 60_000 });
  };
  const killOne = async (seat: Seat): Promise<void> => {
    const server = running.get(seat);
    if (server === undefined || server.exitCode !== null || server.signalCode !== null) return;
    const ended = once(server, "exit");
    server.kill("SIGKILL");
    await ended;
  };
  const entry = (): Seat =>
    [...running].find(([, { exitCode, signalCode }]) => exitCode === null && signalCode === null)?.[0] as Seat;
  return {
    folderOf,
    start: (seats: readonly Seat[]) => Promise.all(seats.map(startOne)),
    kill: (seats: readonly Seat[]) => Promise.all(seats.map(killOne)),
    set: (name: string, value: string) => cli(entry(), "SET", name, value),
    get: (name: string) => cli(entry(), "GET", name),
  };
}
