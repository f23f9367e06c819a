/** RabbitMQ's own files, damaged in each way that a power cut or a restore damages files. */
import t, { type Test } from "tap";
import { brokerEval } from "./broker-eval.ts";
import { damage, type Kind, played } from "./damage.ts";
import { amqpLogin } from "./logins.ts";
import { required, serviceQueue } from "./required.ts";
import { planIsEmpty } from "./rows/reboot.ts";
import { becomesHealthy, endsHealthy, stackMachine } from "./stack-machine.ts";

t.setTimeout(20 * 60_000);

const { unit, exchange } = required.rabbitmq;
const node = "/var/lib/rabbitmq/mnesia/rabbit@localhost";
const queues = `${node}/quorum/rabbit@localhost`;
const coordination = `${node}/coordination/rabbit@localhost`;

/** What of ten messages each damage leaves. */
const rows: readonly [file: string, kinds: readonly Kind[], left: "all" | "any"][] = [
  [`${queues}/*.wal`, ["zeros behind it"], "all"],
  [`${queues}/*.wal`, ["empty", "foreign bytes at its head"], "any"],
  [`${queues}/meta.dets`, ["empty", "gone"], "all"],
  [`${queues}/names.dets`, ["empty", "cut to its half", "gone"], "all"],
  [`${coordination}/*.wal`, ["empty", "foreign bytes in its middle"], "all"],
  [`${coordination}/names.dets`, ["empty"], "all"],
  [`${node}/cluster_nodes.config`, ["empty", "foreign bytes in its middle"], "all"],
  [`${node}/nodes_running_at_shutdown`, ["empty"], "all"],
  [`${node}-feature_flags`, ["empty"], "all"],
  [`$(dirname "$(grep -l intelligent-core ${queues}/*/config)")/config`, ["empty", "gone"], "all"],
  [`${node}/schema.DAT`, ["empty", "foreign bytes in its middle"], "all"],
];

const machine = await stackMachine(t);
if (machine !== undefined) {
  const queue = serviceQueue("intelligent-core");
  const bodies = Array.from({ length: 10 }, (_, index) => `message ${index}`);
  const provision = () => machine.exec("stack-agent", ["provision"], { accept: [0, 1], timeout: 240_000 });
  const publish = async (): Promise<void> => {
    for (const body of bodies) {
      await machine
        .inside()
        .amqpPublish({ ...(await amqpLogin(machine)), exchange, routingKey: "analysis.kept", body });
    }
  };
  const consume = async (count: number): Promise<string[]> => {
    const login = await amqpLogin(machine);
    const got = await machine.inside().amqpConsume({ ...login, queue, count, settle: "ack", timeout: 10_000 });
    return got.map(({ body }) => body);
  };
  const named = `rabbit_misc:r(<<"${required.rabbitmq.vhost}">>, queue, <<"${queue}">>)`;
  /** Takes out what is left, and says how many that were. */
  const drain = async (): Promise<number> => {
    const value = await brokerEval(
      machine,
      `{ok, Queue} = rabbit_amqqueue:lookup(${named}), rabbit_amqqueue:purge(Queue).`,
    );
    return Number(/\d+/.exec(value)?.[0]);
  };
  const kill = () => machine.sh(`systemctl kill -s KILL ${unit}; systemctl stop ${unit}`, { timeout: 60_000 });
  const isBack = async (t: Test, what: "all" | "any"): Promise<void> => {
    if (what === "all") t.strictSame(await consume(10), bodies, "every message is there");
    const count = await drain();
    t.ok(count <= 10, `${count} messages are left`);
    await planIsEmpty(t, machine);
  };
  const forget = () =>
    machine.sh(
      "find /var/lib/rabbitmq -name '*.set-aside-*' -prune -exec rm -rf {} +; rm -f /var/lib/rabbitmq/MnesiaCore*",
    );

  t.test("it is healthy to begin with", async (t) => {
    await becomesHealthy(t, machine, await machine.start(), "first boot");
  });

  for (const [file, kinds, what] of rows) {
    for (const kind of played(kinds)) {
      t.test(
        `${file.replace(`${node}`, "")}, ${kind}: provisioning brings the broker back with ${what} of its messages`,
        async (t) => {
          await publish();
          await kill();
          const path = await damage(machine, file, kind);
          await machine.exec("systemctl", ["start", "--no-block", unit]);
          const { code, stdout, stderr } = await provision();
          t.equal(code, 0, stdout + stderr);
          await isBack(t, what);
          const aside = await machine.sh(`find /var/lib/rabbitmq -name '*.set-aside-*' -prune`);
          t.comment(`${path}: set aside ${aside.replaceAll("\n", ", ")}`);
          await forget();
        },
      );
    }
  }

  t.test("a log of queues that is damaged after the fifth message keeps the five", async (t) => {
    await publish();
    await kill();
    const file = await machine.sh(`ls ${queues}/*.wal`);
    const at = await machine.sh(`grep -abo 'message 5' ${file} | head -n 1 | cut -d: -f1`);
    await machine.sh(`printf foreign | dd of=${file} bs=1 seek=${at} conv=notrunc status=none`);
    await machine.exec("systemctl", ["start", "--no-block", unit]);
    const { code, stdout, stderr } = await provision();
    t.equal(code, 0, stdout + stderr);
    t.strictSame(await consume(5), bodies.slice(0, 5));
    t.equal(await drain(), 0, "the sixth was not whole");
    await planIsEmpty(t, machine);
    await forget();
  });

  t.test("a queue whose log is damaged in its own folder starts empty, and the others go on", async (t) => {
    await publish();
    await brokerEval(machine, "ra_log_wal:force_roll_over(ra_log_wal).");
    const log = `$(dirname "$(grep -l intelligent-core ${queues}/*/config)")`;
    await machine.sh(`for each in $(seq 100); do ls ${log}/*.segment >/dev/null 2>&1 && break; sleep 0.1; done`);
    await publish();
    await kill();
    await damage(machine, `${log}/*.segment`, "cut to its half");
    await machine.exec("systemctl", ["start", "--no-block", unit]);
    const { code, stdout, stderr } = await provision();
    t.equal(code, 0, stdout + stderr);
    t.match(stdout, /Set aside, damaged: .*lost: what was in the queue '.*intelligent-core'/);
    await publish();
    await isBack(t, "all");
    await forget();
  });

  t.test(
    "the power goes, and leaves an empty log: the next boot ends healthy, and tells what was set aside",
    async (t) => {
      await publish();
      await kill();
      await damage(machine, `${queues}/*.wal`, "empty");
      await endsHealthy(t, machine, await machine.reboot({ kill: true }), "the next boot");
      const status = await machine.exec("stack-agent", ["status"], { accept: [0, 2, 3] });
      t.match(status.stdout, /^set aside, damaged.*\n.*00\d+\.wal\.set-aside-.*lost: messages in quorum queues/m);
      t.match(
        await machine.sh("journalctl --sync && journalctl -b -o cat MESSAGE_ID=4dc1bf49c49a43ad81448e677238a67d"),
        /\.wal was damaged: it is kept as /,
      );
    },
  );
}
