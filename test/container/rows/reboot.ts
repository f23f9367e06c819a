import { randomUUID } from "node:crypto";
import type { Test } from "tap";
import type { Machine } from "../create-machine.ts";
import { amqpLogin, postgresLogin, redisLogin } from "../logins.ts";
import { required, serviceQueue } from "../required.ts";
import { becomesHealthy } from "../stack-machine.ts";
import { failedUnits } from "./machine.ts";
import { event, superuser } from "./postgres.ts";

const statePath = "/var/lib/stack-agent/state.json";

/** Proxmox writes these at every start: their content counts, their time doesn't. */
const proxmoxs = [
  "/etc/hostname",
  "/etc/hosts",
  "/etc/resolv.conf",
  "/etc/network/interfaces",
  "/etc/systemd/system-preset/00-pve.preset",
  "/etc/systemd/system/getty.target.wants/container-getty@1.service",
  "/etc/systemd/system/getty.target.wants/container-getty@2.service",
];

/** R11: what a second boot leaves as it was, with and without the state file, after a power cut too. */
export function rebootRows(t: Test, machine: Machine): void {
  let before = new Map<string, string>();
  let identity: unknown;

  t.test("R11 on a healthy stack nothing is left to do, whether or not the state file is there", async (t) => {
    await planIsEmpty(t, machine);
    await machine.sh(`mv ${statePath} ${statePath}.away`);
    await planIsEmpty(t, machine);
    await machine.sh(`mv ${statePath}.away ${statePath}`);
    before = await files(machine);
    identity = await identities(machine);
    t.ok(before.size > 5_000, `${before.size} files, folders and links are remembered`);
  });

  for (const [what, prepare, kill] of [
    ["a second boot", "true", false],
    ["a boot after a power cut, with the state file deleted", `rm ${statePath}`, true],
  ] as const) {
    t.test(`R11 ${what} ends healthy, changes nothing and keeps the data`, async (t) => {
      const kept = await keep(machine);
      await machine.sh(prepare);
      await becomesHealthy(t, machine, await machine.reboot({ kill }), what);
      t.equal(await machine.sh("systemctl is-system-running --wait || true"), "running");
      t.strictSame(await failedUnits(machine), []);
      await planIsEmpty(t, machine);
      t.strictSame(differences(before, await files(machine)), [], "files are the same, their times too");
      t.strictSame(await identities(machine), identity, "secrets, cluster and node ids, host keys too");
      await isKept(t, machine, kept);
    });
  }
}

export async function planIsEmpty(t: Test, machine: Machine): Promise<void> {
  const plan = await machine.exec("stack-agent", ["provision", "--plan", "--json"]);
  t.equal(plan.stdout.trim(), '{"actions":[],"unseen":[]}', "the plan is empty");
}

/** Mode, owner, time and digest of every file, folder and link where configuration, units and programs are. */
async function files(machine: Machine): Promise<Map<string, string>> {
  const where = "/etc /opt /usr/lib/systemd /usr/lib/stack-agent /usr/share/stack-agent /usr/bin/stack-agent";
  const found = new Map<string, string>();
  const stat = String.raw`find ${where} -xdev -not -type d -printf '%p\t%y %m %U:%G %T@ %l\n' -o -printf '%p\t%y %m %U:%G\n'`;
  for (const line of (await machine.sh(stat)).split("\n")) {
    const [path = "", facts = ""] = line.split("\t");
    found.set(path, proxmoxs.includes(path) ? facts.replace(/ \d+\.\d+ /, " ") : facts);
  }
  const sums = await machine.sh(`find ${where} -xdev -type f -print0 | xargs -0 sha256sum`, { timeout: 120_000 });
  for (const line of sums.split("\n")) {
    const path = line.slice(66);
    found.set(path, `${found.get(path)} ${line.slice(0, 64)}`);
  }
  return found;
}

function differences(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): string[] {
  const paths = new Set([...before.keys(), ...after.keys()]);
  return [...paths]
    .filter((path) => before.get(path) !== after.get(path))
    .map((path) => `${path}: ${before.get(path)} → ${after.get(path)}`);
}

export async function identities(machine: Machine) {
  const login = await superuser(machine);
  const system = await machine.inside().pg({ ...login, text: "SELECT system_identifier FROM pg_control_system()" });
  const node = (port: number) =>
    redisLogin(machine).then((redis) => machine.inside().redis({ ...redis, port, command: ["CLUSTER", "MYID"] }));
  return {
    machine: await machine.sh("cat /etc/machine-id"),
    secrets: await machine.sh("cd /var/lib/stack-agent/secrets && stat -c '%n %a %U:%G %Y' * && sha256sum *"),
    cookie: await machine.sh("sha256sum /var/lib/rabbitmq/.erlang.cookie"),
    system: system.rows,
    nodes: await Promise.all(required.redis.ports.map(node)),
  };
}

/** Data in all three, committed, written, confirmed. */
export async function keep(machine: Machine): Promise<string> {
  const value = randomUUID();
  const client = machine.inside();
  const text = "SELECT event_store.append('reboot', $1, -1, $2)";
  await client.pg({ ...(await postgresLogin(machine)), text, values: [value, event("kept")] });
  const { ports } = required.redis;
  await client.redisCluster({ ...(await redisLogin(machine)), ports, command: ["SET", value, value] });
  // appendfsync everysec: a second may be lost by a power cut, no more.
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  const { exchange } = required.rabbitmq;
  await client.amqpPublish({ ...(await amqpLogin(machine)), exchange, routingKey: "analysis.kept", body: value });
  return value;
}

export async function isKept(t: Test, machine: Machine, value: string): Promise<void> {
  const client = machine.inside();
  const text = "SELECT count(*) AS events FROM event_store.events WHERE aggregate_id = $1";
  const { rows } = await client.pg({ ...(await postgresLogin(machine)), text, values: [value] });
  t.strictSame(rows, [{ events: "1" }], "the event is there");
  const { ports } = required.redis;
  t.equal(
    await client.redisCluster({ ...(await redisLogin(machine)), ports, command: ["GET", value] }),
    value,
    "the key",
  );
  // A queue that the probes of health after a start leave alone.
  const queue = serviceQueue("intelligent-core");
  const messages = await client.amqpConsume({ ...(await amqpLogin(machine)), queue, count: 1, settle: "ack" });
  t.match(messages, [{ body: value, persistent: true }], "and the message");
}
