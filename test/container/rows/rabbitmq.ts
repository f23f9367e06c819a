import { randomUUID } from "node:crypto";
import type { Test } from "tap";
import type { AmqpMessage, Settle } from "../client-ops.ts";
import type { Machine } from "../create-machine.ts";
import { amqpLogin } from "../logins.ts";
import { management, managementAs } from "../management.ts";
import { required, type ServiceName, serviceNames, serviceQueue } from "../required.ts";

const { vhost, exchange, deadLetterExchange, user } = required.rabbitmq;
const host = encodeURIComponent(vhost);

interface Queue {
  readonly name: string;
  readonly type: string;
  readonly durable: boolean;
  readonly auto_delete: boolean;
}

/** R15: RabbitMQ. */
export function rabbitmqRows(t: Test, machine: Machine): void {
  const publish = async (routingKey: string, body: string) =>
    machine.inside().amqpPublish({ ...(await amqpLogin(machine)), exchange, routingKey, body });
  const consume = async (queue: string, count: number, settle: Settle, timeout = 10_000) =>
    machine.inside().amqpConsume({ ...(await amqpLogin(machine)), queue, count, settle, timeout });

  t.test("R15 exchanges, a durable queue a service, and their bindings are there", async (t) => {
    for (const name of [exchange, deadLetterExchange]) {
      const found = await management<Record<string, unknown>>(machine, `exchanges/${host}/${name}`);
      t.match(found, { type: "topic", durable: true, auto_delete: false, internal: false }, name);
    }
    const queues = await management<Queue[]>(machine, `queues/${host}`);
    for (const name of serviceNames) {
      const queue = queues.find((one) => one.name === serviceQueue(name));
      t.match(queue, { type: "quorum", durable: true, auto_delete: false }, serviceQueue(name));
    }
    t.strictSame(
      queues.filter(({ durable }) => !durable),
      [],
      "nothing here is lost by a restart",
    );
    const bound = await management<{ readonly destination: string; readonly routing_key: string }[]>(
      machine,
      `exchanges/${host}/${exchange}/bindings/source`,
    );
    const keys = (name: ServiceName) =>
      bound.filter((one) => one.destination === serviceQueue(name)).map((one) => one.routing_key);
    t.strictSame(
      [keys("broker-gateway"), keys("intelligent-core"), keys("event-bus")],
      [["broker.*"], ["analysis.*"], ["#"]],
    );
  });

  t.test("R15 an event reaches the queues whose bindings fit, persistent and confirmed", async (t) => {
    const body = randomUUID();
    for (const [key, names] of [
      [`broker.${body.slice(0, 4)}`, ["broker-gateway", "event-bus"]],
      [`analysis.${body.slice(0, 4)}`, ["intelligent-core", "event-bus"]],
      [`other.than.${body.slice(0, 4)}`, ["event-bus"]],
    ] as const) {
      await publish(key, body);
      for (const name of names) {
        const got = await consume(serviceQueue(name), 1, "ack");
        t.match(got, [{ body, exchange, routingKey: key, persistent: true }], `${key} comes out of ${name}`);
      }
      t.strictSame(
        await lengths(machine),
        Object.fromEntries(serviceNames.map((name) => [name, 0])),
        "and of no other",
      );
    }
  });

  t.test("R15 a rejected event is dead-lettered", async (t) => {
    const dead = await deadLetterQueue(machine);
    for (const name of ["broker-gateway", "intelligent-core", "event-bus"] as const) {
      const body = randomUUID();
      const key = required.services[name].key;
      await publish(key, body);
      t.match(await consume(serviceQueue(name), 1, "reject"), [{ body }]);
      if (name !== "event-bus") await consume(serviceQueue("event-bus"), 1, "ack");
      t.match(
        await consume(dead, 1, "ack"),
        [{ body, routingKey: key, persistent: true, headers: death(name, "rejected") }],
        name,
      );
    }
  });

  t.test("R15 an event that is given back again and again is dead-lettered after its delivery limit", async (t) => {
    const dead = await deadLetterQueue(machine);
    const body = randomUUID();
    await publish("analysis.poisoned", body);
    await consume(serviceQueue("event-bus"), 1, "ack");
    const tries = await consume(serviceQueue("intelligent-core"), 50, "requeue", 5_000);
    t.equal(tries.length, 6, "delivered once, and five times again");
    t.strictSame(
      tries.filter((message: AmqpMessage) => message.body !== body),
      [],
    );
    t.match(await consume(dead, 1, "ack"), [{ body, headers: death("intelligent-core", "delivery_limit") }]);
    t.equal((await lengths(machine))["intelligent-core"], 0);
  });

  t.test("R15 an event whose consumer crashes each time is dead-lettered after its delivery limit", async (t) => {
    const dead = await deadLetterQueue(machine);
    const body = randomUUID();
    await publish("analysis.crashing", body);
    await consume(serviceQueue("event-bus"), 1, "ack");
    const tries: AmqpMessage[] = [];
    for (let left = 10; left > 0; left--) {
      const got = await consume(serviceQueue("intelligent-core"), 1, "crash", 2_000);
      if (got.length === 0) break;
      tries.push(...got);
    }
    t.strictSame(
      tries.map((message) => message.body),
      Array(6).fill(body),
      "delivered once, and five times again",
    );
    t.match(await consume(dead, 1, "ack"), [{ body, headers: death("intelligent-core", "delivery_limit") }]);
    t.equal((await lengths(machine))["intelligent-core"], 0);
  });

  t.test("R15 no feature is in use that RabbitMQ is going to drop, where it can tell", async (t) => {
    const { stdout, code } = await machine.exec(
      "rabbitmqctl",
      ["--quiet", "list_deprecated_features", "--used", "--formatter", "json"],
      { accept: [0, 64], timeout: 60_000 },
    );
    // Before 3.13 there is no such command.
    if (code === 64) return t.comment("this RabbitMQ can't tell");
    t.strictSame(JSON.parse(stdout), []);
    const told = await machine.sh(
      `journalctl -b -u ${required.rabbitmq.unit} -o cat | grep -o 'Deprecated features: [^:]*' | sort -u || true`,
    );
    // What the management pages' figures are made of; RabbitMQ says it of every broker that has the pages.
    t.equal(told, "Deprecated features: `management_metrics_collection`");
  });

  t.test("R15 guest is gone, and the services' user may do what it must and no more", async (t) => {
    const login = await amqpLogin(machine);
    const client = machine.inside();
    await t.rejects(
      client.amqpQueue({ user: "guest", password: "guest", vhost: "/", queue: "x" }),
      /ACCESS_REFUSED|403/,
    );
    const users = await management<{ readonly name: string; readonly tags: readonly string[] | string }[]>(
      machine,
      "users",
    );
    t.notOk(users.some(({ name }) => name === "guest"));
    t.strictSame(
      users.filter(({ name }) => name === user).map(({ tags }) => String(tags)),
      [""],
      "it has no tag",
    );
    t.strictSame(users.filter(({ tags }) => String(tags).includes("administrator")).length, 1, "one administrator");
    t.not((await managementAs(machine, "overview", user, login.password)).status, 200, "nor the management pages");
    const permissions = await management<{ readonly vhost: string }[]>(machine, `users/${user}/permissions`);
    t.strictSame(
      permissions.map((one) => one.vhost),
      [vhost],
    );
    await t.rejects(client.amqpQueue({ ...login, vhost: "/", queue: "x" }), Error, "no other vhost");
    await t.rejects(
      client.amqpPublish({ ...login, exchange: "amq.topic", routingKey: "x", body: "x" }),
      /ACCESS_REFUSED|403/,
    );
    await t.rejects(
      client.amqpPublish({ ...login, exchange: deadLetterExchange, routingKey: "x", body: "x" }),
      /ACCESS_REFUSED|403/,
    );
    await t.rejects(
      client.amqpGet({ ...login, queue: "stack-agent-check", settle: "requeue" }),
      /ACCESS_REFUSED|403|NOT_FOUND|404/,
    );
  });
}

/** The queue behind the dead-letter exchange. */
async function deadLetterQueue(machine: Machine): Promise<string> {
  const bound = await management<{ readonly destination: string }[]>(
    machine,
    `exchanges/${host}/${deadLetterExchange}/bindings/source`,
  );
  return bound[0]?.destination ?? "";
}

/** The headers of an event that died in a service's queue. */
function death(name: ServiceName, reason: string) {
  return {
    "x-first-death-queue": serviceQueue(name),
    "x-first-death-reason": reason,
    "x-first-death-exchange": exchange,
  };
}

async function lengths(machine: Machine): Promise<Record<string, number>> {
  const login = await amqpLogin(machine);
  const each = serviceNames.map(async (name) => [
    name,
    (await machine.inside().amqpQueue({ ...login, queue: serviceQueue(name) })).messages,
  ]);
  return Object.fromEntries(await Promise.all(each));
}
