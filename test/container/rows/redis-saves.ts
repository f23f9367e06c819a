import type { Test } from "tap";
import { waitFor } from "../../../lib/wait.ts";
import { statusDocument } from "../../../stack/documents/status.ts";
import type { Machine } from "../create-machine.ts";
import { healthyAfter } from "../healthy.ts";
import { redisLogin } from "../logins.ts";
import { required } from "../required.ts";
import { unitProperties } from "../units.ts";

const { ports, units } = required.redis;
const MiB = 1024 * 1024;

/** Bytes of a value, and microseconds that a child waits behind each: it takes seconds. */
const value = 10_240;
const delay = 20;

/**
 * Full nodes are written to while they rewrite their logs: one at a time does, together they take no
 * more than the memory budget reckons with, and a kill in it costs nothing that was on the disk.
 *
 * @param share MiB of a node
 */
export function redisSavesRow(t: Test, machine: Machine, share: number): void {
  const login = () => redisLogin(machine);
  const ask = async (port: number, ...command: string[]) =>
    machine.inside().redis({ ...(await login()), port, command });
  const info = (section: string) =>
    Promise.all(ports.map(async (port) => parse(String(await ask(port, "INFO", section)))));
  /** Values of random keys, ten times as many as the nodes hold. */
  const write = (count: number, how: string): string =>
    `redis-benchmark -a "$(cat /var/lib/stack-agent/secrets/redis.auth)" -p ${ports[0]} --cluster -q -t set \\
       -r ${Math.round((30 * share * MiB) / value)} -d ${value} -n ${count} ${how} >/dev/null 2>&1`;

  t.test("R14 full nodes that are written to save one after the other, within the memory budget", async (t) => {
    for (const port of ports) await ask(port, "CONFIG", "SET", "rdb-key-save-delay", String(delay));
    // A node that answers slowly is given less of what is written.
    const full = async () => {
      await machine.sh(write(Math.round((2 * share * MiB) / value), "-c 8 -P 4"), { timeout: 120_000 });
      return (await info("memory")).every(({ used_memory: used }) => Number(used) > 0.9 * share * MiB);
    };
    await waitFor(full, { what: "each node to be full", timeout: 180_000 });

    const enough = "/run/enough";
    const until = (what: string) => machine.sh(`until test -e ${enough}; do ${what}; done`, { timeout: 300_000 });
    const weigh = `cat $(pgrep -x redis-server | sed 's|.*|/proc/&/smaps_rollup|') 2>/dev/null |
      awk '/^Pss:/ { sum += $2 } END { print sum / 1024 }'; sleep 0.3`;
    const beside = Promise.all([until(weigh), until(`${write(700, "-c 4 -P 4")}; sleep 0.3`)]);
    let killedAt = 0;
    const marks = Array.from({ length: 30 }, (_, number) => `mark:${number}`);
    const call = async (...command: string[]) => machine.inside().redisCluster({ ...(await login()), ports, command });
    try {
      const before = await info("persistence");
      let most = 0;
      const look = async () => {
        const found = await info("persistence");
        const saving = found.filter((node) => node.rdb_bgsave_in_progress === "1" || isRewriting(node)).length;
        most = Math.max(most, saving);
        return { found, saving };
      };
      const rewritten = async () =>
        (await look()).found.every((now, index) => Number(now.aof_rewrites) > Number(before[index]?.aof_rewrites));
      await waitFor(rewritten, { what: "each node to rewrite its log", timeout: 180_000, interval: 20 });
      t.equal(most, 1, "never two at once");
      for (const unit of [...units, required.postgres.unit, required.rabbitmq.unit])
        t.match(await unitProperties(machine, unit, "NRestarts"), { NRestarts: "0" }, `${unit} ran on`);
      // Full nodes are a warning: 2.
      const told = await machine.exec("stack-agent", ["status", "--format", "json"], { accept: [0, 2] });
      const { jobs } = statusDocument.parse(JSON.parse(told.stdout));
      t.match(
        jobs.find(({ name }) => name === "redis-saves"),
        { lastRun: String, lastError: undefined },
        "status shows the job",
      );

      for (const mark of marks) await call("SET", mark, mark);
      // The log is on the disk each second.
      await new Promise((resolve) => setTimeout(resolve, 1_500));
      const saves = async () => (await look()).saving > 0;
      await waitFor(saves, { what: "a node to be rewriting", timeout: 60_000, interval: 20 });
      killedAt = performance.now();
      await machine.sh(`systemctl kill --signal=KILL ${units.join(" ")}`);
    } finally {
      await machine.sh(`touch ${enough}`);
      const worst = Math.max(...(await beside)[0].split("\n").map(Number));
      t.ok(worst > 3 * share && worst < 4.4 * share, `Redis had ${Math.round(worst)} MiB at the most`);
      t.comment(`Redis at the most: ${Math.round(worst)} MiB, ${(worst / share).toFixed(2)} times a node's ${share}`);
    }
    await healthyAfter(machine, killedAt, 90_000);
    // The client that was connected when they were killed has to be another.
    const held = await waitFor(() => Promise.all(marks.map((mark) => call("GET", mark))), {
      what: "every node to be asked again",
      timeout: 30_000,
    });
    t.strictSame(held, marks, "no node lost what it was given");
    await machine.sh(`rm ${enough}`);
  });
}

function isRewriting(node: Record<string, string>): boolean {
  return node.aof_rewrite_in_progress === "1";
}

function parse(text: string): Record<string, string> {
  return Object.fromEntries([...text.matchAll(/^(\w+):(.*?)\r?$/gm)].map(([, name, value]) => [name, value]));
}
