import { StackError } from "../../lib/error.ts";
import { guestFiles } from "../../lib/lxc/guest-files.ts";
import type { AmqpLogin, PgLogin, RedisLogin } from "./client-ops.ts";
import type { Machine } from "./create-machine.ts";
import { required } from "./required.ts";

const FOLDER = "/var/lib/stack-agent/secrets";

/**
 * A secret the instance made for itself, read as its root would. Read again each time: it
 * appears during the first boot.
 *
 * @throws StackError `secret-missing`.
 */
export async function secret(machine: Machine, name: string): Promise<string> {
  const text = await guestFiles(machine.settings.rootfs).text(`${FOLDER}/${name}`);
  if (text === undefined) throw new StackError("secret-missing", `the container has no secret ${name} yet`);
  return text.trim();
}

/** How an application signs in to each server. */
export async function postgresLogin(machine: Machine): Promise<PgLogin> {
  const { port, database, user } = required.postgres;
  return { port, database, user, password: await secret(machine, "postgres.app") };
}

export async function redisLogin(machine: Machine): Promise<RedisLogin> {
  return { password: await secret(machine, "redis.auth") };
}

export async function amqpLogin(machine: Machine): Promise<AmqpLogin> {
  const { port, vhost, user } = required.rabbitmq;
  return { port, vhost, user, password: await secret(machine, "rabbitmq.app") };
}
