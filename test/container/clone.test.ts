/**
 * A copied container is an instance of its own; a renamed one, or one with another address,
 * stays itself. Values are compared out of sight: a failure must not show a secret.
 */
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import t, { type Test } from "tap";
import { guestFiles } from "../../lib/lxc/guest-files.ts";
import { waitFor } from "../../lib/wait.ts";
import type { Machine } from "./boot.ts";
import { openClient } from "./client.ts";
import { redisLogin, secret } from "./logins.ts";
import { required } from "./required.ts";
import { failedUnits } from "./rows/machine.ts";
import { superuser } from "./rows/postgres.ts";
import { identities, isKept, keep, planIsEmpty } from "./rows/reboot.ts";
import { becomesHealthy, stackMachine } from "./stack-machine.ts";

t.setTimeout(20 * 60_000);

const gateway = "10.1.1.1";
const secretsFolder = "/var/lib/stack-agent/secrets";
const statePath = "/var/lib/stack-agent/state.json";

const machine = await stackMachine(t, { memory: 2048 });
if (machine !== undefined) {
  let kept = "";
  let before: Identity;
  let copy: Machine | undefined;

  t.test("the original is healthy, and is stopped to be copied", async (t) => {
    await becomesHealthy(t, machine, await machine.start(), "first boot");
    await planIsEmpty(t, machine);
    // Proxmox makes host keys of every type when it creates a container.
    await machine.sh("ssh-keygen -A");
    kept = await keep(machine);
    before = await identity(machine);
    t.equal(before.hostKeys.size, 3);
    await machine.stop();
  });

  t.test("a copy, renamed and with another address, makes every secret and host key anew", async (t) => {
    copy = await machine.copy({ hostname: "renamed", addressing: fixed("10.1.1.121") });
    await machine.start();
    await becomesHealthy(t, copy, await copy.start(), "first boot of a copy, its original running");
    t.equal(await copy.sh("systemctl is-system-running --wait || true"), "running");
    t.strictSame(await failedUnits(copy), []);
    t.equal(await copy.sh("hostname"), "renamed");
    t.equal(await copy.address(), "10.1.1.121");
    const after = await identity(copy);
    t.not(after.machine, before.machine);
    t.strictSame(shared(before.secrets, after.secrets), [], "no secret is shared");
    t.strictSame(shared(before.hostKeys, after.hostKeys), [], "nor a host key");
    t.ok(after.cookie !== before.cookie, "nor the Erlang cookie");
    await planIsEmpty(t, copy);
    const state = JSON.parse(await copy.sh(`cat ${statePath}`)) as Readonly<Record<string, unknown>>;
    t.match(state, { machineId: after.machine, copiedFrom: [before.machine] });
  });

  t.test("it keeps its data, PostgreSQL's system identifier and Redis's node ids", async (t) => {
    if (copy === undefined) return t.fail("there is no copy");
    const after = await identity(copy);
    t.strictSame(after.system, before.system);
    t.strictSame(after.nodes, before.nodes);
    await isKept(t, copy, kept);
  });

  t.test("the original's passwords, token and host keys are refused by it", async (t) => {
    if (copy === undefined) return t.fail("there is no copy");
    await refusesOld(t, copy, before);
  });

  t.test("its SSH server shows the new keys", async (t) => {
    if (copy === undefined) return t.fail("there is no copy");
    const shown = (await copy.sh("ssh-keyscan -T 10 127.0.0.1 2>/dev/null"))
      .split("\n")
      .map((line) => line.split(" ")[2]);
    const keys = [...(await identity(copy)).hostKeys.values()];
    t.strictSame(shown.sort(), keys.sort());
  });

  t.test("the original, running beside it, is as it was", async (t) => {
    await planIsEmpty(t, machine);
    t.ok(isDeepStrictEqual(await identity(machine), before), "secrets, keys and ids are the same");
    await isKept(t, machine, kept);
    await machine.stop();
    await copy?.destroy();
  });

  t.test("a copy whose power is cut while it renews is carried on by the next boot", async (t) => {
    const cut = await machine.copy({ hostname: "cut", addressing: fixed("10.1.1.122") });
    const { rootfs } = cut.settings;
    const guest = guestFiles(rootfs);
    await cut.start();
    await waitFor(
      async () => {
        const values = await Promise.all(
          [...before.secrets.keys()].map((name) => guest.text(`${secretsFolder}/${name}`)),
        );
        const old = new Set(before.secrets.values());
        return values.some((value) => value !== undefined && !old.has(value.trim()));
      },
      { what: "the first secret to be renewed", timeout: 60_000, interval: 1 },
    );
    await cut.stop({ kill: true });
    const state = (await guest.text(statePath)) ?? "";
    t.comment(
      `cut ${state.includes(`"machineId": "${before.machine}"`) ? "before" : "after"} the copy noted that it is one`,
    );
    await becomesHealthy(t, cut, await cut.start(), "boot of a copy after a power cut");
    const after = await identity(cut);
    t.strictSame(shared(before.secrets, after.secrets), [], "no secret is shared");
    t.strictSame(shared(before.hostKeys, after.hostKeys), [], "nor a host key");
    t.strictSame(after.system, before.system);
    await refusesOld(t, cut, before);
    await planIsEmpty(t, cut);
    const names = await readdir(join(rootfs, secretsFolder));
    t.strictSame(names.sort(), [...before.secrets.keys()].sort(), "nothing half made is left");
    await cut.destroy();
  });

  t.test("a container that is only renamed and moved to another address stays itself", async (t) => {
    Object.assign(machine.settings, { hostname: "moved", network: fixed("10.1.1.123") });
    await becomesHealthy(t, machine, await machine.start(), "boot under another name and address");
    t.equal(await machine.sh("hostname"), "moved");
    t.equal(await machine.address(), "10.1.1.123");
    t.ok(isDeepStrictEqual(await identity(machine), before), "secrets, keys and ids are the same");
    await planIsEmpty(t, machine);
  });
}

function fixed(address: string) {
  return { kind: "static", address: `${address}/24`, gateway } as const;
}

interface Identity {
  readonly machine: string;
  readonly secrets: ReadonlyMap<string, string>;
  /** Public keys by type. */
  readonly hostKeys: ReadonlyMap<string, string>;
  readonly cookie: string;
  readonly system: unknown;
  readonly nodes: unknown;
}

async function identity(machine: Machine): Promise<Identity> {
  const { system, nodes } = await identities(machine);
  const names = (await machine.sh(`ls ${secretsFolder}`)).split("\n");
  const keys = (await machine.sh("cat /etc/ssh/ssh_host_*_key.pub")).split("\n").map((line) => line.split(" "));
  return {
    machine: await machine.sh("cat /etc/machine-id"),
    secrets: new Map(await Promise.all(names.map(async (name) => [name, await secret(machine, name)] as const))),
    hostKeys: new Map(keys.map(([type = "", key = ""]) => [type, key])),
    cookie: await machine.sh("cat /var/lib/rabbitmq/.erlang.cookie"),
    system,
    nodes,
  };
}

/** Names of what has one value in both, whatever its name. */
function shared(a: ReadonlyMap<string, string>, b: ReadonlyMap<string, string>): string[] {
  const values = new Set(a.values());
  return [...b].filter(([, value]) => values.has(value)).map(([name]) => name);
}

async function refusesOld(t: Test, machine: Machine, { secrets }: Identity): Promise<void> {
  // New connections: the copy's servers took the old passwords until the agent had renewed them.
  const client = openClient(`/proc/${machine.pid()}/ns/net`);
  t.teardown(() => client.close());
  const old = (name: string): string => secrets.get(name) ?? "";
  const { postgres, redis, rabbitmq, agent } = required;
  const text = "SELECT 1";
  for (const [user, name] of [
    [postgres.user, "postgres.app"],
    ["stack_agent", "postgres.agent"],
    ["postgres", "postgres.superuser"],
  ] as const) {
    const login = { ...(await superuser(machine)), user, password: old(name) };
    await t.rejects(client.pg({ ...login, text }), { code: "28P01" }, `PostgreSQL refuses ${user}`);
  }
  for (const port of redis.ports) {
    // By a connection that is logged in: one that is refused may be closed before it tells why.
    const login = { ...(await redisLogin(machine)), port, command: ["AUTH", "default", old("redis.auth")] };
    await t.rejects(client.redis(login), /WRONGPASS/, `Redis on ${port} refuses it`);
  }
  for (const [user, name] of [
    [rabbitmq.user, "rabbitmq.app"],
    ["stack-agent", "rabbitmq.agent"],
    ["stack-admin", "rabbitmq.admin"],
  ] as const) {
    const login = { port: rabbitmq.port, vhost: rabbitmq.vhost, user, password: old(name) };
    await t.rejects(client.amqpQueue({ ...login, queue: "any" }), /ACCESS.REFUSED/i, `RabbitMQ refuses ${user}`);
  }
  const url = `http://127.0.0.1:${agent.port}/health`;
  const headers = { authorization: `Bearer ${old("health.token")}` };
  t.equal((await client.http({ url, headers })).status, 401, "the agent refuses its token");
}
