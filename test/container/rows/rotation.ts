import type { Test } from "tap";
import { openClient } from "../client.ts";
import type { Machine } from "../create-machine.ts";
import { healthyAfter } from "../healthy.ts";
import { amqpLogin, postgresLogin, redisLogin, secret } from "../logins.ts";
import { required, serviceNames, serviceUnit } from "../required.ts";
import { secretsFolder } from "../secrets/files-with.ts";
import { mainPid } from "../units.ts";
import { planIsEmpty } from "./reboot.ts";

/** Other values for what the stack has made itself, whole and cut off anywhere. */
export function rotationRows(t: Test, machine: Machine): void {
  const made = async (): Promise<Readonly<Record<string, string>>> => {
    const names = (await machine.sh(`ls ${secretsFolder}`)).split("\n").filter((name) => name.includes("."));
    return Object.fromEntries(await Promise.all(names.map(async (name) => [name, await secret(machine, name)])));
  };
  const logins = async () =>
    [await postgresLogin(machine), await redisLogin(machine), await amqpLogin(machine)] as const;
  /** By clients of their own: who was logged in before stays so. */
  const refused = async (t: Test, [pg, redis, amqp]: Awaited<ReturnType<typeof logins>>): Promise<void> => {
    const client = openClient(`/proc/${machine.pid()}/ns/net`);
    try {
      await t.rejects(client.pg({ ...pg, text: "SELECT 1" }), { code: "28P01" }, "PostgreSQL refuses the old one");
      for (const port of required.redis.ports)
        await t.rejects(client.redis({ ...redis, port, command: ["PING"] }), /WRONGPASS|NOAUTH/, `Redis ${port} does`);
      await t.rejects(client.amqpQueue({ ...amqp, queue: "any" }), /ACCESS.REFUSED/i, "RabbitMQ does");
    } finally {
      await client.close();
    }
  };
  const pids = () => Promise.all(serviceNames.map((name) => mainPid(machine, serviceUnit(name))));
  const whole = async (t: Test): Promise<void> => {
    await healthyAfter(machine, performance.now(), 60_000);
    await planIsEmpty(t, machine);
    t.equal(await machine.sh(`find ${secretsFolder} -name '.*.tmp'`), "", "nothing is half written");
  };

  t.test("one secret is rotated: who logs in with it restarts, its server doesn't", async (t) => {
    const [before, old, server] = [await made(), await logins(), await mainPid(machine, required.postgres.unit)];
    const outages = watchServices(machine);
    const said = await machine.exec("stack-agent", ["secrets", "rotate", "postgres.app"], { timeout: 180_000 });
    await healthyAfter(machine, performance.now(), 60_000);
    t.match(said.stdout, /^Rotated: postgres\.app\.\nProvisioned in /);
    const after = await made();
    t.strictSame(
      Object.keys(after).filter((name) => after[name] !== before[name]),
      ["postgres.app"],
    );
    t.match(await machine.inside().pgConnections({ ...old[0], count: 1 }), { accepted: 0 });
    t.comment(`longest without a good answer: ${await outages()}`);
    t.equal(await mainPid(machine, required.postgres.unit), server);
    await whole(t);
  });

  t.test("all are rotated while services are asked: each is another, the old ones open nothing", async (t) => {
    const [before, old, pidsBefore] = [await made(), await logins(), await pids()];
    const nodes = await Promise.all(required.redis.units.map((unit) => mainPid(machine, unit)));
    const outages = watchServices(machine);
    const said = await machine.exec("stack-agent", ["secrets", "rotate", "--all", "--json"], { timeout: 180_000 });
    const { rotated, state } = JSON.parse(said.stdout);
    t.strictSame([[...rotated].sort(), state], [Object.keys(before).sort(), "done"]);
    await healthyAfter(machine, performance.now(), 60_000);
    t.comment(`longest without a good answer: ${await outages()}`);
    const after = await made();
    t.strictSame(
      Object.keys(before).filter((name) => after[name] === before[name]),
      [],
    );
    await refused(t, old);
    const token = { authorization: `Bearer ${before["health.token"]}` };
    const answer = await machine
      .inside()
      .http({ url: `http://127.0.0.1:${required.agent.port}/health`, headers: token });
    t.equal(answer.status, 401, "the agent refuses the old token");
    t.strictSame(await Promise.all(required.redis.units.map((unit) => mainPid(machine, unit))), nodes, "Redis ran on");
    const pidsAfter = await pids();
    t.ok(
      pidsAfter.every((pid, index) => pid !== pidsBefore[index]),
      "every service runs with the new ones",
    );
    await whole(t);
  });

  /** Moments of a rotation, told by what it leaves behind. `$1` is a copy of what was there. */
  const moments = [
    ["one value is new", "! cmp -s $1/secrets/postgres.superuser /var/lib/stack-agent/secrets/postgres.superuser"],
    ["the values are new", "! cmp -s $1/secrets/rabbitmq.admin /var/lib/stack-agent/secrets/rabbitmq.admin"],
    ["Redis has its configuration", "! cmp -s $1/redis-6381.conf /etc/redis/redis-6381.conf"],
    ["RabbitMQ has its definitions", "! cmp -s $1/definitions.json /etc/rabbitmq/definitions.json"],
    ["services are next", `grep -q '"id":"services"[^}]*"status":"running"' /run/stack-agent/progress.json`],
  ] as const;
  // The first, a middle and the last; a long run has all.
  const played = process.env.STACK_LONG === "true" ? moments : moments.filter((_, index) => index % 2 === 0);
  for (const [what, moment] of played) {
    t.test(`a rotation is killed when ${what}: provision ends it`, async (t) => {
      const before = await made();
      const old = await logins();
      await machine.sh(cutRotation(moment), { timeout: 120_000 });
      await machine.exec("stack-agent", ["provision"], { timeout: 180_000 });
      const after = await made();
      t.not(after["postgres.superuser"], before["postgres.superuser"], "it had begun");
      await whole(t);
      if (after["postgres.app"] !== before["postgres.app"] && after["rabbitmq.app"] !== before["rabbitmq.app"])
        await refused(t, old);
    });
  }
}

function cutRotation(moment: string): string {
  return `set -e
    kept=$(mktemp -d)
    set -- "$kept"
    cp -r /var/lib/stack-agent/secrets /etc/redis/redis-6381.conf /etc/rabbitmq/definitions.json "$kept"
    sed -i 's/"state":"done"/"state":"before"/; s/"status":"running"/"status":"before"/' /run/stack-agent/progress.json
    stack-agent secrets rotate --all >/dev/null 2>&1 &
    rotation=$!
    until ${moment}; do kill -0 $rotation 2>/dev/null || exit 9; done
    kill -KILL $rotation
    wait $rotation || true
    rm -r "$kept"`;
}

/** Asks every service again and again; what is called at the end tells the longest gap of each, in seconds. */
function watchServices(machine: Machine): () => Promise<string> {
  let stopped = false;
  const watching = serviceNames.map(async (name) => {
    let last = performance.now();
    let longest = 0;
    while (!stopped) {
      const url = `http://127.0.0.1:${required.services[name].port}/health`;
      const status = await machine
        .inside()
        .http({ url, timeout: 2_000 })
        .then((answer) => answer.status)
        .catch(() => 0);
      const now = performance.now();
      if (status === 200) {
        longest = Math.max(longest, now - last);
        last = now;
      }
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    return `${name} ${(longest / 1000).toFixed(2)} s`;
  });
  return async () => {
    stopped = true;
    return (await Promise.all(watching)).join(", ");
  };
}
