import { randomUUID } from "node:crypto";
import type { Test } from "tap";
import { statusDocument } from "../../../stack/documents/status.ts";
import type { Machine } from "../create-machine.ts";
import { redisLogin } from "../logins.ts";
import { required } from "../required.ts";

const { ports } = required.redis;

/** What of 8 GiB Redis has, MiB, by REQUIREMENTS' rule. */
const room = 0.75 * 8192 - Math.min(2944, 0.36 * 8192);
/** What it would have, MiB: three nodes of 2 GiB and one that doubles, each with what it takes beside its data. */
const declared = 2048;
const claimed = 4.4 * declared;

/**
 * R14: the Redis Cluster.
 *
 * @param memcached MiB declared for one that shares what there is, and takes a quarter beside its data
 */
export function redisRows(t: Test, machine: Machine, memcached = 0): void {
  const part = room / (claimed + 1.25 * memcached);
  const share = Math.round(part * declared);
  const ask = async (port: number, ...command: string[]) =>
    machine.inside().redis({ ...(await redisLogin(machine)), port, command });

  t.test("R14 three nodes make one cluster with every slot, announced on loopback", async (t) => {
    for (const port of ports) {
      const info = parse(String(await ask(port, "CLUSTER", "INFO")));
      const whole = {
        cluster_state: "ok",
        cluster_slots_assigned: "16384",
        cluster_slots_ok: "16384",
        cluster_size: "3",
        cluster_known_nodes: "3",
      };
      t.match(info, whole, `as ${port} sees it`);
    }
    const nodes = String(await ask(6379, "CLUSTER", "NODES"))
      .trim()
      .split("\n")
      .map((line) => line.split(" "));
    const addresses = nodes.map(([, address]) => address?.replace(/,.*/, "")).sort();
    t.strictSame(
      addresses,
      ports.map((port) => `127.0.0.1:${port}@${port + 10_000}`),
    );
    t.strictSame(
      nodes.filter(([, , flags]) => !flags?.includes("master")),
      [],
      "all are masters",
    );
  });

  t.test("R14 each node keeps snapshots and an append-only file, evicts by LRU, within its share", async (t) => {
    for (const port of ports) {
      const settings = async (name: string) => ((await ask(port, "CONFIG", "GET", name)) as string[])[1];
      t.match(await settings("save"), /\d+ \d+/, `${port} has snapshots on`);
      t.equal(await settings("appendonly"), "yes");
      t.equal(await settings("maxmemory-policy"), "allkeys-lru");
      t.equal(Number(await settings("maxmemory")), share * 1024 * 1024);
      const persistence = parse(String(await ask(port, "INFO", "persistence")));
      t.match(persistence, { aof_enabled: "1", aof_last_write_status: "ok", rdb_last_bgsave_status: "ok" });
      await ask(port, "SAVE");
      t.equal(await machine.sh(`cat /var/lib/redis/${port}/dump.rdb | head -c 5`), "REDIS", "a snapshot is written");
      t.match(await machine.sh(`ls /var/lib/redis/${port}/appendonlydir`), /appendonly\.aof\..*\.aof/);
    }
    const status = statusDocument.parse(JSON.parse(await machine.sh("stack-agent status --format json")));
    const cuts = [
      `redis maxmemory ${share} MiB of 2 GiB declared: container has 8 GiB`,
      ...(memcached === 0
        ? []
        : [`memcached memory ${Math.round(part * memcached)} MiB of ${memcached} MiB declared: container has 8 GiB`]),
    ];
    t.equal(status.memory.totalMiB, 8192);
    t.strictSame(status.memory.cuts, cuts, "status says what was cut, and why");
    t.match(
      status.memory.shares.find(({ component }) => component === "redis"),
      { processes: 3, declaredMiB: 2048 },
    );
  });

  t.test("R14 without the password it answers nothing", async (t) => {
    for (const port of ports) {
      await t.rejects(machine.inside().redis({ port, command: ["GET", "key"] }), { code: "NOAUTH" }, `${port}`);
      await t.rejects(machine.inside().redis({ port, password: "wrong", command: ["PING"] }), Error);
    }
  });

  t.test("R14 a cluster client writes and reads keys of every node", async (t) => {
    const login = await redisLogin(machine);
    const call = (...command: string[]) => machine.inside().redisCluster({ ...login, ports, command });
    const prefix = randomUUID();
    const keys = Array.from({ length: 60 }, (_, n) => `${prefix}:${n}`);
    for (const key of keys) t.equal(await call("SET", key, key, "EX", "60"), "OK");
    for (const key of keys) t.equal(await call("GET", key), key);
    const held = await Promise.all(
      ports.map(async (port) => ((await ask(port, "KEYS", `${prefix}:*`)) as string[]).length),
    );
    t.ok(
      held.every((count) => count > 0),
      `the nodes hold ${held.join(", ")}`,
    );
    t.equal(
      held.reduce((sum, count) => sum + count, 0),
      keys.length,
    );
  });
}

function parse(text: string): Record<string, string> {
  return Object.fromEntries([...text.matchAll(/^(\w+):(.*?)\r?$/gm)].map(([, name, value]) => [name, value]));
}
