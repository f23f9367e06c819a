import type { FactReader } from "../../../engine/facts/fact-reader.ts";
import { isErrno, isStackError, messageOf, StackError } from "../../../lib/error.ts";
import type { RabbitmqModel } from "../../../stack/components/rabbitmq/model.ts";
import type { SecretName } from "../../../stack/model.ts";
import { openAmqp } from "./amqp.ts";
import type { Held } from "./definitions-drift.ts";
import { management } from "./management.ts";

const LOOK_TIMEOUT = 10_000;

/** Of a login by AMQP: `outside` is let in, and not to the vhost. */
export type AmqpAnswer = "ok" | "refused" | "outside";

/** What somebody else's brokers tell. */
export interface ExternalBroker {
  /** Undefined where their management is not given. */
  readonly told: ToldBroker | undefined;
  /** By the user's name. */
  readonly logins: Readonly<Record<string, AmqpAnswer>>;
}

/** What their management tells the admin. */
export interface ToldBroker {
  readonly tags: readonly string[];
  /** Whether the vhost is there, and the admin may use it. */
  readonly vhost: "ok" | "outside" | "missing";
  /** Undefined where the admin may not see users. */
  readonly users: readonly string[] | undefined;
  readonly exchanges: readonly Held[];
  readonly queues: readonly Held[];
  readonly bindings: readonly Held[];
  readonly policies: readonly Held[];
}

/** @throws StackError `secret-missing`, `admin-refused`, `no-authorities` */
export async function inspectExternalBroker(
  reader: Pick<FactReader, "withSecret">,
  rabbitmq: RabbitmqModel,
  signal: AbortSignal,
): Promise<ExternalBroker | "down"> {
  const { user, agentUser, secrets } = rabbitmq;
  const ended = AbortSignal.any([signal, AbortSignal.timeout(LOOK_TIMEOUT)]);
  try {
    const [told, app, agent] = await Promise.all([
      askManagement(reader, rabbitmq, ended),
      tryLogin(reader, rabbitmq, user, secrets.app, ended),
      tryLogin(reader, rabbitmq, agentUser, secrets.agent, ended),
    ]);
    return { told, logins: { [user]: app, [agentUser]: agent } };
  } catch (error) {
    signal.throwIfAborted();
    if (ended.aborted || isErrno(error, ...unreached)) return "down";
    throw error;
  }
}

const unreached = ["ECONNREFUSED", "ECONNRESET", "EHOSTUNREACH", "ENETUNREACH", "ETIMEDOUT", "EAI_AGAIN"];

async function askManagement(
  reader: Pick<FactReader, "withSecret">,
  { external, adminUser, secrets, vhost }: RabbitmqModel,
  signal: AbortSignal,
): Promise<ToldBroker | undefined> {
  const address = external?.management;
  if (address === undefined) return undefined;
  return reader.withSecret(secrets.admin, async (password) => {
    const login = { ...address, ca: external?.ca, user: adminUser, password };
    const get = (path: string): Promise<unknown> => management(login, "GET", path, { signal });
    const list = async (path: string): Promise<readonly Held[]> => (await get(path)) as readonly Held[];
    const me = (await get("/whoami").catch(refused(adminUser, secrets.admin))) as { readonly tags: unknown };
    const tags = Array.isArray(me.tags) ? me.tags.map(String) : String(me.tags).split(",");
    const none = { exchanges: [], queues: [], bindings: [], policies: [] };
    const isAdministrator = tags.includes("administrator");
    const names = await list("/vhosts?columns=name");
    const users = isAdministrator ? (await list("/users?columns=name")).map(({ name }) => String(name)) : undefined;
    if (!names.some(({ name }) => name === vhost)) {
      return { tags, vhost: isAdministrator ? "missing" : "outside", users, ...none };
    }
    const at = encodeURIComponent(vhost);
    if (isAdministrator && !(await list(`/vhosts/${at}/permissions`)).some(({ user }) => user === adminUser)) {
      return { tags, vhost: "outside", users, ...none };
    }
    const [exchanges, queues, bindings, policies] = await Promise.all([
      list(`/exchanges/${at}`),
      list(`/queues/${at}`),
      list(`/bindings/${at}`),
      isAdministrator || tags.includes("policymaker") ? list(`/policies/${at}`) : [],
    ]);
    return { tags, vhost: "ok", users, exchanges, queues, bindings, policies };
  });
}

function refused(user: string, secret: SecretName): (error: unknown) => never {
  return (error) => {
    if (!isStackError(error) || error.code !== "management-refused") throw error;
    throw new StackError("admin-refused", `RabbitMQ's management refuses ${user}`, {
      hint: `stack-agent secrets set ${secret}; or, on a broker: rabbitmqctl set_user_tags ${user} policymaker`,
    });
  };
}

async function tryLogin(
  reader: Pick<FactReader, "withSecret">,
  { external, port, vhost }: RabbitmqModel,
  user: string,
  secret: SecretName,
  signal: AbortSignal,
): Promise<AmqpAnswer> {
  try {
    await reader.withSecret(secret, async (password) => {
      await (await openAmqp({ external, port, vhost, user, password }, signal)).close();
    });
    return "ok";
  } catch (error) {
    const text = messageOf(error);
    if (/ACCESS[-_]REFUSED|403/.test(text)) return "refused";
    if (/NOT[-_]ALLOWED|530/.test(text)) return "outside";
    throw error;
  }
}
