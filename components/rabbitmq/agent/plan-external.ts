import type { Action } from "../../../engine/action.ts";
import { asSealed, secretMark } from "../../../engine/secrets/sealed.ts";
import type { Plan } from "../../../engine/stage.ts";
import { addressesText } from "../../../stack/components/external.ts";
import type { Account, Definitions } from "../../../stack/components/rabbitmq/definitions.ts";
import type { RabbitmqModel } from "../../../stack/components/rabbitmq/model.ts";
import type { BrokerRequest } from "./broker-request.ts";
import { type Difference, definitionsDrift } from "./definitions-drift.ts";
import type { ExternalBroker, ToldBroker } from "./inspect-external.ts";

interface Wanted extends Difference {
  readonly request: BrokerRequest;
}

/**
 * What is missing in somebody else's broker, as far as the admin's rights reach; what they don't reach, preflight has
 * told. No user that is there is changed.
 */
export function planExternalBroker(broker: ExternalBroker | "down", rabbitmq: RabbitmqModel, all: Definitions): Plan {
  const { external, adminUser, secrets } = rabbitmq;
  if (external === undefined) return { actions: [], unseen: [] };
  if (broker === "down") {
    return { actions: [], unseen: [`what RabbitMQ holds: none of ${addressesText(external)} answers`] };
  }
  const { management, ca } = external;
  if (management === undefined || broker.told === undefined) return { actions: [], unseen: [] };
  const wanted = [
    ...(broker.told.tags.includes("administrator") ? accounts(broker.told, broker, rabbitmq, all) : []),
    ...objects(broker.told, all),
  ];
  if (wanted.length === 0) return { actions: [], unseen: [] };
  const action: Action = {
    do: "declareInBroker",
    why: wanted.map(({ why }) => why).join("; "),
    diff: wanted.flatMap(({ diff }) => diff),
    args: {
      login: { management, ca, user: adminUser, secret: secrets.admin },
      requests: wanted.map(({ request }) => request),
    },
  };
  return { actions: [action], unseen: [] };
}

function accounts(
  told: ToldBroker,
  { logins }: ExternalBroker,
  { vhost, adminUser, user, agentUser }: RabbitmqModel,
  all: Definitions,
): Wanted[] {
  const permission = (name: string): Wanted[] =>
    all.permissions
      .filter((one) => one.user === name)
      .map(({ configure, write, read }) => ({
        why: `user ${name} has nothing in vhost ${vhost}`,
        diff: [`+ permission ${vhost} ${name}`],
        request: put(["permissions", vhost, name], { configure, write, read }),
      }));
  const missing = ({ name }: Account): boolean => told.users?.includes(name) === false;
  const made = all.users.filter((one) => one.name !== adminUser && missing(one));
  const outside = [user, agentUser].filter(
    (name) => logins[name] === "outside" || told.vhost === "missing" || made.some((one) => one.name === name),
  );
  return [
    ...(told.vhost === "missing"
      ? [{ why: `vhost ${vhost} is not there`, diff: [`+ vhost ${vhost}`], request: put(["vhosts", vhost], {}) }]
      : []),
    ...made.map(({ name, secret, tags }) => ({
      why: `user ${name} is not there`,
      diff: [`+ user ${name}`],
      request: put(["users", name], { password_hash: secretMark(secret, "rabbitmq-hash"), tags: tags.join(",") }),
    })),
    ...(told.vhost === "ok" ? [] : permission(adminUser)),
    ...outside.flatMap(permission),
  ];
}

function objects(told: ToldBroker, all: Definitions): Wanted[] {
  const none = { users: [], vhosts: [], permissions: [], policies: [], exchanges: [], queues: [], bindings: [] };
  const held = { ...none, ...told, users: [] };
  const missing = (part: Partial<Definitions>, request: BrokerRequest): Wanted[] => {
    const drift = definitionsDrift({ ...none, ...part }, held);
    return drift.map((difference) => ({ ...difference, request }));
  };
  return [
    ...all.exchanges.flatMap((one) => {
      const { name, vhost, ...settings } = one;
      return missing({ exchanges: [one] }, put(["exchanges", vhost, name], settings));
    }),
    ...all.queues.flatMap((one) => {
      const { name, vhost, ...settings } = one;
      return missing({ queues: [one] }, put(["queues", vhost, name], settings));
    }),
    ...all.bindings.flatMap((one) => {
      const { source, vhost, destination, routing_key, arguments: args } = one;
      const path = pathOf(["bindings", vhost, "e", source, "q", destination]);
      return missing({ bindings: [one] }, { method: "POST", path, body: sealed({ routing_key, arguments: args }) });
    }),
    ...all.policies.flatMap((one) => {
      const { name, vhost, ...settings } = one;
      return missing({ policies: [one] }, put(["policies", vhost, name], settings));
    }),
  ];
}

function put(parts: readonly string[], body: object): BrokerRequest {
  return { method: "PUT", path: pathOf(parts), body: sealed(body) };
}

function pathOf(parts: readonly string[]): string {
  return parts.map((part) => `/${encodeURIComponent(part)}`).join("");
}

function sealed(body: object) {
  return asSealed(JSON.stringify(body));
}
