/** No value of an event, a key or a message gets into the journal, whatever goes wrong; then what its machine's keeper does. */
import { randomUUID } from "node:crypto";
import t from "tap";
import { waitFor } from "../../lib/wait.ts";
import { brokerEval } from "./broker-eval.ts";
import { amqpLogin, postgresLogin, redisLogin } from "./logins.ts";
import { required } from "./required.ts";
import { runbookRow } from "./rows/runbook.ts";
import { updateRows } from "./rows/updates.ts";
import { becomesHealthy, stackMachine } from "./stack-machine.ts";
import { mainPid, provisioned, restarted } from "./units.ts";

t.setTimeout(10 * 60_000);

const machine = await stackMachine(t);
if (machine !== undefined) {
  const needle = `needle-${randomUUID()}`;
  // As text, and as Erlang and PostgreSQL write bytes that they don't take for text.
  const bytes = [...Buffer.from(needle)];
  const forms = [needle, bytes.join(","), bytes.join(" ")];
  const found = async (): Promise<readonly string[]> => {
    const { stdout } = await machine.exec("journalctl", ["--no-pager", "--all", "-o", "cat"], { timeout: 60_000 });
    return stdout.split("\n").filter((line) => forms.some((form) => line.includes(form)));
  };

  t.test("the stack is up", async (t) => {
    await becomesHealthy(t, machine, await machine.start(), "first boot");
    await provisioned(machine);
  });

  t.test("PostgreSQL: refused and failing calls of the services' role", async (t) => {
    const login = await postgresLogin(machine);
    const call = (text: string, values: readonly unknown[] = []) => machine.inside().pg({ ...login, text, values });
    const append = "select event_store.append($1, $2, $3, $4)";
    const event = JSON.stringify([{ event_type: "A", event_data: { needle }, metadata: { correlation_id: [needle] } }]);
    await t.rejects(call(append, ["a", needle, -2, event]), { code: "SE003" });
    await t.rejects(call(append, ["a", needle, 7, '[{"event_type":"A","event_data":{}}]']), { code: "SE001" });
    await t.rejects(call(append, ["a", "a", needle, "[]"]), { code: "22P02" });
    await t.rejects(call(`select '${needle}'::uuid`), { code: "22P02" });
    await call("create table projections.logs (id text primary key, checked text check (length(checked) < 3))");
    await t.rejects(call("insert into projections.logs select $1 from generate_series(1, 2)", [needle]), {
      code: "23505",
    });
    await t.rejects(call(`insert into projections.logs values ('a', '${needle}')`), { code: "23514" });
    await call(`select pg_sleep(1.1), '${needle}'`);
  });

  t.test("RabbitMQ: refused operations, bytes that are no frame", async (t) => {
    const { exchange } = required.rabbitmq;
    const login = await amqpLogin(machine);
    for (const how of ["expiration", "user", "exchange", "frame"] as const) {
      t.match(await machine.inside().amqpMisuse({ ...login, how, exchange, value: needle }), /\w/, how);
    }
  });

  t.test("RabbitMQ: processes that end with a message in their hands", async (t) => {
    const waiting = machine.inside().amqpConsume({
      ...(await amqpLogin(machine)),
      queue: "stock-analysis-frontend",
      count: 1,
      settle: "ack",
      timeout: 20_000,
    });
    waiting.catch(() => {});
    const channels = async () => Number(await brokerEval(machine, "length(rabbit_channel:list_local())."));
    await waitFor(async () => (await channels()) > 0, { what: "a channel", timeout: 20_000 });
    await brokerEval(machine, `[gen_server2:cast(Pid, {<<"${needle}">>}) || Pid <- rabbit_channel:list_local()].`);
    await brokerEval(machine, `spawn(fun() -> error({badmatch, <<"${needle}">>}) end), timer:sleep(200).`);
    await brokerEval(machine, `proc_lib:spawn(fun() -> error({case_clause, "${needle}"}) end), timer:sleep(200).`);
    const log = () => machine.sh("journalctl --no-pager -o cat -u rabbitmq-server");
    const told = [
      // Of each channel, of an Erlang process, of an OTP one.
      /Non-AMQP exit reason '\{?function_clause/,
      /ended: process of '_', \{\{badmatch,.*\},.*\}; what it held/,
      /ended: \{proc_lib,crash\} of .*, \{case_clause,.*\}; what it held is not logged/,
      /operation basic\.publish caused a channel exception precondition_failed\W/,
    ];
    const missing = async () => {
      const text = await log();
      return told.filter((line) => !line.test(text));
    };
    await waitFor(async () => (await missing()).length === 0, { what: "the log", timeout: 30_000 }).catch(() => {});
    t.same(await missing(), [], "what is told, and no more");
  });

  t.test("Redis: a node that crashes in a command", async () => {
    const [unit = ""] = required.redis.units;
    const before = await mainPid(machine, unit);
    const command = ["EVAL", "while true do end", 0, needle];
    const running = machine.inside().redis({ ...(await redisLogin(machine)), port: 6379, command, timeout: 60_000 });
    running.catch(() => {});
    const told = async () => /slow script/i.test(await machine.sh(`journalctl --no-pager -o cat -u ${unit}`));
    await waitFor(told, { what: "the script to run", timeout: 60_000 });
    await machine.sh(`kill -SEGV ${before}`);
    await restarted(machine, unit, before);
  });

  t.test("nothing of it is in the journal, and the search finds what is put there", async (t) => {
    await machine.sh(`echo 'control ${needle}' | systemd-cat`);
    await waitFor(async () => (await found()).length > 0, { what: "the control", timeout: 30_000 });
    t.same(await found(), [`control ${needle}`]);
  });

  updateRows(t, machine);
  runbookRow(t, machine, "Security updates", { accept: [0, 2] });
  runbookRow(t, machine, "When something is wrong", { accept: [0, 2] });
}
