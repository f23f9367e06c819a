/** What becomes of the stack when parts of it are stopped, stalled or killed. */
import t, { type Test } from "tap";
import { waitFor } from "../../lib/wait.ts";
import { statusDocument } from "../../stack/documents/status.ts";
import { killProvision } from "../cuts/strike.ts";
import { brokerEval } from "./broker-eval.ts";
import { answers, health } from "./health.ts";
import { proofs } from "./healthy.ts";
import { required, serviceNames, serviceSocket, serviceUnit } from "./required.ts";
import { failedUnits } from "./rows/machine.ts";
import { planIsEmpty } from "./rows/reboot.ts";
import { becomesHealthy, stackMachine } from "./stack-machine.ts";
import { journal, mainPid, restarted, unitProperties } from "./units.ts";

t.setTimeout(20 * 60_000);

/** A dependency by the name health gives it, and what is stopped of it. */
const dependencies = [
  { name: "postgres", units: [required.postgres.unit] },
  { name: "redis", units: [required.redis.units[1] ?? ""] },
  { name: "redis", units: required.redis.units },
  { name: "rabbitmq", units: [required.rabbitmq.unit] },
] as const;

const node = "/opt/stack-agent/current/bin/node --input-type=module";

/** Tells a Node that SIGUSR1 has opened to its debugger never to come back from what it evaluates. */
const circle = `
const look = () => fetch("http://127.0.0.1:9229/json").then((answer) => answer.json());
let found;
for (let tries = 0; tries < 100 && !found; tries += 1) {
  found = await look().catch(() => new Promise((resolve) => setTimeout(resolve, 100)));
}
const socket = new WebSocket(found[0].webSocketDebuggerUrl);
socket.onopen = () => {
  socket.send(JSON.stringify({ id: 1, method: "Runtime.evaluate", params: { expression: "for (;;);" } }));
  setTimeout(() => process.exit(), 500);
};
`;

const machine = await stackMachine(t);
if (machine !== undefined) {
  const { port } = required.agent;
  const allHealthy = async (t: Test): Promise<void> => {
    await Promise.all(
      [port, ...serviceNames.map((name) => required.services[name].port)].map((each) =>
        answers(t, machine, each, 200, []),
      ),
    );
  };

  t.test("it is healthy to begin with", async (t) => {
    await becomesHealthy(t, machine, await machine.start(), "first boot");
    await allHealthy(t);
  });

  t.test("a RabbitMQ that starts leads its queues when it says it is ready, and not half a second later", async (t) => {
    const unled = "length([x || State <- ets:tab2list(ra_state), element(2, State) =/= leader]).";
    const found: string[] = [];
    // By itself each is led 0.1 to 0.6 s after its start; the broker is ready 0.2 s after it.
    while (found.length < 3 && found.at(-1) !== "0") {
      await machine.exec("systemctl", ["restart", required.rabbitmq.unit], { timeout: 120_000 });
      found.push(await brokerEval(machine, unled));
    }
    t.equal(found.at(-1), "0", `queues without a leader: ${found.join(", ")}`);
    t.ok(Number(await brokerEval(machine, "ets:info(ra_state, size).")) >= 8, "the services', and the database's");
    await becomesHealthy(t, machine, performance.now(), "after it");
  });

  for (const { name, units } of dependencies) {
    t.test(
      `R18 ${units.join(", ")} stopped: health of agent and services names ${name}, and recovers by itself`,
      async (t) => {
        const pids = await Promise.all(serviceNames.map((service) => mainPid(machine, serviceUnit(service))));
        await machine.exec("systemctl", ["stop", ...units], { timeout: 120_000 });
        await Promise.all(
          serviceNames.map((service) => answers(t, machine, required.services[service].port, 503, [name])),
        );
        // The services fail with it, and the agent says so as well.
        await answers(t, machine, port, 503, [name, ...serviceNames]);
        t.equal((await health(machine, port, `/health/${name}`)).status, 503);
        for (const { name: other } of dependencies.filter((one) => one.name !== name)) {
          t.equal((await health(machine, port, `/health/${other}`)).status, 200, `${other} is well`);
        }
        t.equal((await health(machine, port, "/livez")).status, 200, "the agent lives");
        t.equal((await health(machine, port, "/readyz")).status, 503, "and isn't ready");
        // Just after provisioning a failing component still counts as one that is coming up.
        const status = await waitFor(
          async () => {
            const said = await machine.exec("stack-agent", ["status"], { accept: [0, 1, 2, 3] });
            return said.code === 1 && said;
          },
          { what: "status to end with 1", timeout: 60_000, interval: 500 },
        );
        t.match(status.stdout, new RegExp(`^${name} +fail`, "m"), "status ends with 1 and names it");
        await machine.exec("systemctl", ["start", ...units], { timeout: 120_000 });
        await allHealthy(t);
        const after = await Promise.all(serviceNames.map((service) => mainPid(machine, serviceUnit(service))));
        t.strictSame(after, pids, "no service was restarted for it");
      },
    );
  }

  t.test("R18 a service that is stopped, or stands still, is named by the agent alone, and recovers", async (t) => {
    const [stopped, stalled] = ["frontend", "monitoring"] as const;
    await machine.exec("systemctl", ["stop", serviceSocket(stopped)], { timeout: 60_000 });
    const pid = await mainPid(machine, serviceUnit(stalled));
    await machine.exec("kill", ["-STOP", String(pid)]);
    await answers(t, machine, port, 503, [stopped, stalled]);
    for (const name of serviceNames.filter((one) => one !== stopped && one !== stalled)) {
      t.equal((await health(machine, required.services[name].port)).status, 200, `${name} is well`);
    }
    await machine.exec("kill", ["-CONT", String(pid)]);
    await machine.exec("systemctl", ["start", serviceUnit(stopped)], { timeout: 120_000 });
    await allHealthy(t);
  });

  const declareQueue = async (): Promise<void> => {
    const name = `rabbit_misc:r(<<"${required.rabbitmq.vhost}">>, queue, <<"stock-analysis.just-declared">>)`;
    const quorum = `[{<<"x-queue-type">>, longstr, <<"quorum">>}]`;
    await brokerEval(
      machine,
      `element(1, rabbit_amqqueue:declare(${name}, true, false, ${quorum}, none, <<"test">>)).`,
    );
    await machine.exec("stack-agent", ["provision", "--plan"]);
  };

  t.test("R08 each database killed comes back and does its work", async (t) => {
    const killed = [
      [required.postgres.unit, proofs.postgres],
      ...required.redis.units.map((unit) => [unit, proofs.redis] as const),
      [required.rabbitmq.unit, proofs.rabbitmq],
    ] as const;
    for (const [unit, proof] of killed) {
      const pid = await mainPid(machine, unit);
      if (unit === required.rabbitmq.unit) await declareQueue();
      await machine.exec("kill", ["-KILL", String(pid)]);
      await restarted(machine, unit, pid);
      await waitFor(() => proof(machine).then(() => true), {
        what: `${unit} to work again`,
        timeout: 90_000,
        interval: 200,
      });
      t.pass(`${unit} is back`);
    }
    await allHealthy(t);
    // Provisioning, done within the second in which Ra has not yet written whose log is where, made it do so.
    await planIsEmpty(t, machine);
  });

  t.test("R08 each service killed comes back, after delays that double", async (t) => {
    const agent = await mainPid(machine, required.agent.unit);
    await machine.exec("kill", ["-KILL", String(agent)]);
    await Promise.all(
      serviceNames.map(async (name) => {
        const unit = serviceUnit(name);
        // A minute of uptime starts the delay over; a restart asked for does too.
        await machine.exec("systemctl", ["restart", unit], { timeout: 120_000 });
        for (let kill = 0; kill < 3; kill += 1) {
          const pid = await mainPid(machine, unit);
          await machine.exec("kill", ["-KILL", String(pid)]);
          await restarted(machine, unit, pid);
        }
        await answers(t, machine, required.services[name].port, 200);
        const delays = [...(await journal(machine, unit)).matchAll(/^restarting in (\d+) s$/gm)].map(([, delay]) =>
          Number(delay),
        );
        t.strictSame(delays, [1, 2, 4], `${name}'s delays, in seconds`);
        t.match(await unitProperties(machine, unit, "NRestarts", "ActiveState"), {
          NRestarts: "3",
          ActiveState: "active",
        });
      }),
    );
    await restarted(machine, required.agent.unit, agent);
    t.pass("the agent is back too");
    await allHealthy(t);
    t.equal(await machine.sh("systemctl is-system-running --wait || true"), "running");
    t.strictSame(await failedUnits(machine), []);
  });

  t.test(
    "provisioning by hand that is killed is told as failed, with what helps, and no longer waited for",
    async (t) => {
      const cut = machine.exec("stack-agent", ["provision"]).catch((error: unknown) => error);
      await killProvision(machine);
      await cut;
      const waited = await machine.exec("stack-agent", ["status", "--wait", "--format", "json"], { accept: [1] });
      const status = statusDocument.parse(JSON.parse(waited.stdout));
      const error = { code: "interrupted", hint: /^stack-agent provision carries on/ };
      t.ok(status.stages.some((stage) => stage.error?.code === error.code));
      t.match(
        status.stages.find((stage) => stage.error !== undefined),
        { error },
      );
      await waitFor(async () => (await health(machine, port, "/readyz")).status === 503, {
        what: "/readyz to tell it",
        timeout: 30_000,
      });
      await machine.exec("stack-agent", ["provision"], { timeout: 120_000 });
      await allHealthy(t);
    },
  );

  t.test("an agent that hangs, stopped or turning in a circle, is restarted by its watchdog", async (t) => {
    const { unit } = required.agent;
    const folder = `/run/systemd/system/${unit}.d`;
    t.match(await unitProperties(machine, unit, "WatchdogUSec"), { WatchdogUSec: "30s" });
    await machine.sh(`mkdir -p ${folder} && printf '[Service]\nWatchdogSec=4\n' >${folder}/quick.conf`);
    await machine.sh(`systemctl daemon-reload && systemctl restart ${unit}`, { timeout: 60_000 });
    const hangs = {
      stopped: (pid: number) => machine.exec("kill", ["-STOP", String(pid)]),
      "turning in a circle": (pid: number) => machine.sh(`kill -USR1 ${pid} && ${node} -e '${circle}'`),
    };
    for (const [how, hang] of Object.entries(hangs)) {
      const pid = await mainPid(machine, unit);
      await hang(pid);
      await restarted(machine, unit, pid);
      await answers(t, machine, port, 200);
      t.pass(`${how}, it is restarted`);
    }
    t.equal((await journal(machine, unit)).match(/Watchdog timeout/g)?.length, 2, "by the watchdog");
    await machine.sh(`rm -r ${folder} && systemctl daemon-reload && systemctl restart ${unit}`, { timeout: 60_000 });
    await allHealthy(t);
  });
}
