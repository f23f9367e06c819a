import type { Test } from "tap";
import { openClient } from "./client.ts";
import type { Machine } from "./create-machine.ts";
import { redisLogin, secret } from "./logins.ts";
import { required } from "./required.ts";
import { superuser } from "./rows/postgres.ts";
import { identities } from "./rows/reboot.ts";

export const secretsFolder = "/var/lib/stack-agent/secrets";

/** What makes an instance itself. */
export interface Identity {
  readonly machine: string;
  readonly secrets: ReadonlyMap<string, string>;
  /** Public keys by type. */
  readonly hostKeys: ReadonlyMap<string, string>;
  readonly cookie: string;
  readonly system: unknown;
  readonly nodes: unknown;
}

export async function identity(machine: Machine): Promise<Identity> {
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
export function shared(a: ReadonlyMap<string, string>, b: ReadonlyMap<string, string>): string[] {
  const values = new Set(a.values());
  return [...b].filter(([, value]) => values.has(value)).map(([name]) => name);
}

/** Passwords, token and login of the instance that a copy was made of open nothing in the copy. */
export async function refusesOld(t: Test, machine: Machine, { secrets }: Identity): Promise<void> {
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
