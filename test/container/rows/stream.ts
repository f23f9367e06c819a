import { randomUUID } from "node:crypto";
import type { Test } from "tap";
import { waitFor } from "../../../lib/wait.ts";
import type { Machine } from "../create-machine.ts";
import { health } from "../health.ts";
import { amqpLogin } from "../logins.ts";
import { management } from "../management.ts";
import { required, type ServiceName, serviceQueue, serviceUnit } from "../required.ts";
import { planIsEmpty } from "./reboot.ts";

const { vhost, exchange } = required.rabbitmq;
const definition = "/etc/stack-agent/stack.yaml";

interface Queue {
  readonly type: string;
  readonly effective_policy_definition?: Readonly<Record<string, unknown>>;
}

/** A service's queue that becomes a stream: refused while the old one is there, then read again and again. */
export function streamRows(
  t: Test,
  machine: Machine,
  { service, port }: { readonly service: ServiceName; readonly port: number },
): void {
  const queue = serviceQueue(service);
  const path = `queues/${encodeURIComponent(vhost)}/${queue}`;
  const publish = async (body: string) =>
    machine.inside().amqpPublish({ ...(await amqpLogin(machine)), exchange, routingKey: `${service}.event`, body });
  const consume = async (count: number, offset?: "first") => {
    const login = await amqpLogin(machine);
    const messages = await machine
      .inside()
      .amqpConsume({ ...login, queue, count, settle: "ack", timeout: 10_000, ...(offset && { offset }) });
    return messages.map(({ body }) => body);
  };
  const provision = () => machine.exec("stack-agent", ["provision"], { accept: [0, 1], timeout: 120_000 });
  const isHealthy = async () => (await health(machine, port)).status === 200;
  const kept = randomUUID();
  let command = "";

  t.test("a queue's other type is refused before anything is done, with the command that deletes it", async (t) => {
    await publish(kept);
    await machine.sh(`sed -i 's/^    port: ${port}$/&\\n    queue: stream/' ${definition}`);
    const why = new RegExp(`the queue ${queue} is of type quorum, and is to be of type stream`);
    const plan = await machine.exec("stack-agent", ["provision", "--plan"], { accept: [0, 1, 2] });
    t.match(plan.stdout + plan.stderr, why);
    const { code, stdout, stderr } = await provision();
    t.equal(code, 1);
    t.match(stdout + stderr, why);
    command = /rabbitmqctl delete_queue [^;\n]*/.exec(stdout + stderr)?.[0] ?? "false";
    t.equal((await management<Queue>(machine, path)).type, "quorum");
    t.strictSame(await consume(1), [kept], "what was in it is there");
  });

  t.test("the queue is a stream then, limited; its service hears events, and hears them again", async (t) => {
    await machine.sh(command, { timeout: 60_000 });
    const { code, stdout, stderr } = await provision();
    t.equal(code, 0, stdout + stderr);
    await planIsEmpty(t, machine);
    t.equal((await management<Queue>(machine, path)).type, "stream");
    // Told once the broker has gathered the queue's first statistics, seconds after it was made.
    const limits = async () => (await management<Queue>(machine, path)).effective_policy_definition;
    const policy = await waitFor(limits, { what: "the stream's limits to be told", timeout: 30_000, interval: 500 });
    t.match(policy, { "max-length-bytes": 2 ** 30 });
    t.match(await machine.sh(`cat /etc/stock-analysis/${service}.env`), /^RABBITMQ_QUEUE_TYPE=stream$/m);
    const events = [randomUUID(), randomUUID()];
    for (const body of events) await publish(body);
    t.strictSame(await consume(2, "first"), events);
    t.strictSame(await consume(2, "first"), events, "they stay");
    await machine.exec("systemctl", ["restart", required.rabbitmq.unit, serviceUnit(service)], { timeout: 120_000 });
    await waitFor(isHealthy, { what: `${service} to be healthy`, timeout: 60_000, interval: 200 });
    events.push(randomUUID());
    await publish(events[2] ?? "");
    t.strictSame(await consume(3, "first"), events, "after a restart of broker and service too");
    const open = await machine.sh("ss -Hltn | awk '{print $4}'");
    const known = /^(127\.0\.0\.1|\[::1\]|.*:(22|80\d\d))(:|$)/;
    t.strictSame(
      open.split("\n").filter((address) => !known.test(address)),
      [],
      "it listens nowhere else",
    );
    await planIsEmpty(t, machine);
  });

  const coordination = "/var/lib/rabbitmq/mnesia/rabbit@localhost/coordination";
  const restartWithout = async (path: string): Promise<void> => {
    const { unit } = required.rabbitmq;
    await machine.sh(`systemctl stop ${unit} && rm -r ${path} && systemctl start ${unit}`, { timeout: 120_000 });
  };

  t.test("a stream whose coordinator's name a power cut has lost is there when the broker is", async (t) => {
    const events = await consume(3, "first");
    await restartWithout(`${coordination}/rabbit@localhost/names.dets`);
    t.strictSame(await consume(3, "first"), events);
    await planIsEmpty(t, machine);
  });

  t.test("a stream whose coordinator has lost its log is led anew, with what was in it", async (t) => {
    const events = await consume(3, "first");
    t.equal(events.length, 3);
    await restartWithout(coordination);
    await t.rejects(management<Queue>(machine, path), "it is not there");
    const { code, stdout, stderr } = await provision();
    t.equal(code, 0, stdout + stderr);
    t.match(stdout + stderr, /recoverStreams/);
    t.strictSame(await consume(3, "first"), events);
    await planIsEmpty(t, machine);
    await waitFor(isHealthy, { what: `${service} to be healthy`, timeout: 60_000, interval: 200 });
  });
}
