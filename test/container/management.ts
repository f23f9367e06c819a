import { StackError } from "../../lib/error.ts";
import type { Machine } from "./create-machine.ts";
import { secret } from "./logins.ts";
import { required } from "./required.ts";

/** The administrator that the stack makes for RabbitMQ's management pages. */
const admin = "stack-admin";

/** A GET of RabbitMQ's management API, as its administrator, from inside. */
export async function management<T>(machine: Machine, path: string): Promise<T> {
  const { status, body } = await managementAs(machine, path, admin, await secret(machine, "rabbitmq.admin"));
  if (status !== 200) throw new StackError("management", `GET ${path} answered ${status}: ${body.slice(0, 200)}`);
  return JSON.parse(body) as T;
}

/** Takes away what is at a path, as somebody who had the password could. */
export async function managementDelete(machine: Machine, path: string): Promise<void> {
  const { status } = await managementAs(machine, path, admin, await secret(machine, "rabbitmq.admin"), "DELETE");
  if (status !== 204) throw new StackError("management", `DELETE ${path} answered ${status}`);
}

export function managementAs(
  machine: Machine,
  path: string,
  user: string,
  password: string,
  method = "GET",
  body?: string,
) {
  const authorization = `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;
  const url = `http://127.0.0.1:${required.rabbitmq.managementPort}/api/${path}`;
  return machine.inside().http({ url, method, headers: { authorization }, ...(body !== undefined && { body }) });
}

export async function brokerVersion(machine: Machine): Promise<string> {
  const { rabbitmq_version } = await management<{ readonly rabbitmq_version: string }>(machine, "overview");
  return rabbitmq_version;
}
