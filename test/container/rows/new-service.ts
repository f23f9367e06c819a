import { randomUUID } from "node:crypto";
import type { Test } from "tap";
import { waitFor } from "../../../lib/wait.ts";
import { releaseChangeDocument, servicesDocument } from "../../../stack/documents/releases.ts";
import type { Machine } from "../create-machine.ts";
import { amqpLogin } from "../logins.ts";
import { management } from "../management.ts";
import { required } from "../required.ts";
import { planIsEmpty } from "./reboot.ts";

const name = "price-feed";
const port = 8006;
const { vhost, exchange } = required.rabbitmq;
const deadLetters = `queues/${encodeURIComponent(vhost)}/stock-analysis-dead-letters`;

interface Items {
  readonly position: number;
  readonly items: readonly { readonly name: string }[];
}

/**
 * A service that the definition has not: written, deployed, and at work with the event store and its queue.
 *
 * @param wheels folder in the container with the wheels of the reference service's lock
 */
export function newServiceRows(t: Test, machine: Machine, wheels: string): void {
  const at = (path: string) => ({ url: `http://127.0.0.1:${port}${path}` });
  const get = async (path: string) => machine.inside().http(at(path));
  const items = async () => JSON.parse((await get("/items")).body) as Items;
  const deploy = (service: string, ...options: readonly string[]) =>
    machine.exec("stack-agent", ["service", "deploy", service, `/root/${service}`, "--wheels", wheels, ...options], {
      accept: [0, 1, 64],
      timeout: 300_000,
    });
  const publish = async (body: string) =>
    machine.inside().amqpPublish({ ...(await amqpLogin(machine)), exchange, routingKey: `${name}.add`, body });
  const settled = async (outcome: string) =>
    Number(
      new RegExp(`^consumed_messages_total\\{outcome="${outcome}"\\} (\\S+)`, "m").exec(
        (await get("/metrics")).body,
      )?.[1] ?? 0,
    );
  const eventually = (what: string, condition: () => Promise<boolean>) =>
    waitFor(condition, { what, timeout: 60_000, interval: 100 });

  t.test("a service in a minute: written, added to the definition, deployed, healthy", async (t) => {
    const began = performance.now();
    const written = await machine.sh(`cd /root && stack-agent service new ${name} --port ${port}`);
    t.match(written, `stack-agent service deploy ${name} /root/${name} --port ${port}`);
    const others = await machine.sh("systemctl show --property=MainPID postgresql redis-server@6379 rabbitmq-server");
    const { code, stdout, stderr } = await deploy(name, "--port", String(port), "--json");
    t.equal(code, 0, stderr);
    t.equal((await machine.peer.http({ url: `http://${await machine.address()}:${port}/health` })).status, 200);
    t.comment(`healthy, asked from outside, ${((performance.now() - began) / 1000).toFixed(1)} s after it was begun`);
    const change = releaseChangeDocument.parse(JSON.parse(stdout));
    t.match(change, { service: name, changed: true, removed: [] });
    t.notOk("previous" in change, "there was none before it");
    t.equal(
      await machine.sh("systemctl show --property=MainPID postgresql redis-server@6379 rabbitmq-server"),
      others,
      "no server was restarted",
    );
    t.equal((await get("/ready")).status, 200);
    t.match(await machine.sh("cat /etc/stack-agent/stack.yaml"), /^ {2}price-feed:\n {4}port: 8006$/m);
    const listed = servicesDocument.parse(JSON.parse(await machine.sh("stack-agent service ls --json"))).services;
    t.match(
      listed.find((one) => one.name === name),
      { port, release: change.release, releases: 1 },
    );
    await eventually("the agent's own check of it", async () =>
      /"status": ?"pass"/.test(
        (await machine.exec("stack-agent", ["health", name, "--format", "json"], { accept: [0, 1, 2, 64] })).stdout,
      ),
    );
    await planIsEmpty(t, machine);
  });

  t.test("it appends an event, and its read model has it", async (t) => {
    const headers = { "content-type": "application/json" };
    const called = randomUUID();
    const added = await machine
      .inside()
      .http({ ...at("/items"), method: "POST", headers, body: JSON.stringify({ name: called }) });
    t.equal(added.status, 201, added.body);
    const { id, position } = JSON.parse(added.body) as { readonly id: string; readonly position: number };
    await eventually("the projection", async () => (await items()).position >= position);
    t.ok((await items()).items.some((one) => one.name === called));
    t.match(JSON.parse((await get(`/items/${id}/events`)).body), [{ version: 1, data: { name: called } }]);
  });

  t.test("a message of its queue becomes an item; one that is none is dead-lettered at once", async (t) => {
    const before = (await management<{ readonly messages?: number }>(machine, deadLetters)).messages ?? 0;
    const called = randomUUID();
    await publish(JSON.stringify({ name: called }));
    await publish("none of its kind");
    await eventually("the item", async () => (await items()).items.some((one) => one.name === called));
    await eventually("the rejection", async () => (await settled("rejected")) === 1);
    await eventually("the message to be settled", async () => (await settled("done")) === 1);
    t.equal(await settled("returned"), 0);
    await eventually("the dead letter", async () => {
      const { messages = 0 } = await management<{ readonly messages?: number }>(machine, deadLetters);
      return messages > before;
    });
  });

  // What follows is as with any service, whose rows each run has: shipped, taken back, cut off, its database away.
  if (process.env.STACK_LONG !== "true") return;

  t.test("PostgreSQL away, it says so and keeps its messages; back, it goes on", async (t) => {
    await machine.sh("systemctl stop postgresql");
    await eventually("its word", async () => (await get("/health")).status === 503);
    t.equal((await get("/items")).status, 503);
    const called = randomUUID();
    await publish(JSON.stringify({ name: called }));
    await machine.sh("systemctl start postgresql");
    await eventually("the item", async () => {
      const { status, body } = await get("/items");
      return status === 200 && (JSON.parse(body) as Items).items.some((one) => one.name === called);
    });
    await eventually("its health", async () => (await get("/health")).status === 200);
    t.equal(await settled("returned"), 0);
  });

  t.test("its next release is deployed as any other's, and taken back", async (t) => {
    await machine.sh(`sed -i 's/^"""The application/"""The second application/' /root/${name}/price_feed/app.py`);
    const second = await deploy(name);
    t.match(second, { code: 0, stdout: /in the place of/ }, second.stderr);
    const back = await machine.exec("stack-agent", ["service", "rollback", name], { timeout: 300_000 });
    t.match(back.stdout, /in the place of/);
    t.match(await deploy(name, "--port", "8007"), { code: 64, stderr: /\[other-port\]/ });
    await planIsEmpty(t, machine);
  });

  const state = () =>
    machine.sh(
      "cat /etc/stack-agent/stack.yaml /var/lib/stack-agent/releases.json; ls /etc/systemd/system /opt/stock-analysis/services /etc/stock-analysis",
    );

  t.test("a new service that is not well is taken back, and the definition is as it was", async (t) => {
    const before = await state();
    await machine.sh(
      `cd /root && stack-agent service new sick --port 8007 && echo 'raise SystemExit("this is sick")' >sick/sick/app.py`,
    );
    const taken = await deploy("sick", "--port", "8007", "--timeout", "5");
    t.match(taken, { code: 1, stderr: /the one before is in force again \[release-not-healthy\]/ });
    t.match(taken.stderr, /^ +this is sick$/m, "what it wrote");
    t.equal(await state(), before);
    t.match(await deploy("sick", "--port", String(port)), { code: 64, stderr: /\[definition-invalid\]/ });
    t.match(await deploy("sick"), { code: 64, stderr: /\[unknown-service\].*--port PORT/s });
    t.equal((await get("/health")).status, 200, "the others run on");
    await planIsEmpty(t, machine);
  });

  t.test("killed while a new service is on trial, the next provisioning takes all of it back", async (t) => {
    const before = await state();
    const killed = deploy("sick", "--port", "8007", "--timeout", "60").catch(() => undefined);
    await eventually("the trial", async () =>
      /active/.test(await machine.sh("systemctl list-units --no-legend --all 'stock-analysis-sick.socket'")),
    );
    await machine.sh("pkill -KILL -f '[s]tack-agent.cjs (service|provision|status)' || true");
    await killed;
    t.match(await machine.sh("cat /etc/stack-agent/stack.yaml"), /^ {2}sick:$/m, "it was on trial");
    await machine.sh("stack-agent provision", { timeout: 300_000 });
    t.equal(await state(), before);
    t.equal(await machine.sh("systemctl list-units --no-legend --all '*sick*'"), "");
    await planIsEmpty(t, machine);
  });
}
