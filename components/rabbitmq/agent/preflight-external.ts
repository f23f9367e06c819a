import type { Problem } from "../../../engine/stage.ts";
import { shellWord } from "../../../lib/shell-words.ts";
import type { Definitions } from "../../../stack/components/rabbitmq/definitions.ts";
import type { RabbitmqModel } from "../../../stack/components/rabbitmq/model.ts";
import type { ExternalBroker, ToldBroker } from "./inspect-external.ts";
import { preflightQueues } from "./preflight-queues.ts";

/** What is missing in somebody else's broker, each with the command that gives it there. */
export function preflightExternalBroker(
  broker: ExternalBroker | "down",
  rabbitmq: RabbitmqModel,
  all: Definitions,
): Problem[] {
  if (broker === "down") return [];
  const { told, logins } = broker;
  const { user, agentUser, secrets } = rabbitmq;
  const given: readonly (readonly [string, string])[] = [
    [user, secrets.app],
    [agentUser, secrets.agent],
  ];
  return [
    ...(told === undefined ? [] : ofAdmin(told, rabbitmq)),
    ...given.flatMap(([name, secret]) => ofLogin(name, secret, logins[name], told, rabbitmq, all)),
    ...(told === undefined ? [] : queueTypes(told, rabbitmq, all)),
  ];
}

const grant = (message: string, command: string): Problem => ({
  code: "grant-missing",
  message,
  hint: `on a broker: ${command}`,
});

function ofAdmin({ tags, vhost: is }: ToldBroker, { adminUser, vhost }: RabbitmqModel): Problem[] {
  if (tags.includes("administrator")) return [];
  const at = shellWord(vhost);
  return [
    ...(tags.includes("policymaker")
      ? []
      : [grant(`${adminUser} may set no policy`, `rabbitmqctl set_user_tags ${adminUser} policymaker`)]),
    ...(is === "ok"
      ? []
      : [
          grant(
            `${adminUser} has no vhost ${vhost}`,
            `rabbitmqctl add_vhost ${at}; rabbitmqctl set_permissions -p ${at} ${adminUser} '.*' '.*' '.*'`,
          ),
        ]),
  ];
}

function ofLogin(
  name: string,
  secret: string,
  answer: ExternalBroker["logins"][string] | undefined,
  told: ToldBroker | undefined,
  { vhost }: RabbitmqModel,
  all: Definitions,
): Problem[] {
  const isMadeHere = told?.users !== undefined && !told.users.includes(name);
  const permission = all.permissions.find(({ user }) => user === name);
  const rights = [permission?.configure, permission?.write, permission?.read].map((one) => shellWord(one ?? ""));
  const tags = all.users.find((one) => one.name === name)?.tags.join(" ") ?? "";
  const tagged = tags === "" ? "" : `; rabbitmqctl set_user_tags ${name} ${tags}`;
  const permit = `rabbitmqctl set_permissions -p ${shellWord(vhost)} ${name} ${rights.join(" ")}`;
  if (answer === "refused" && !isMadeHere) {
    return [
      {
        code: "login-refused",
        message: `RabbitMQ refuses ${name} with the password that was given`,
        hint: `stack-agent secrets set ${secret}; or, on a broker: rabbitmqctl add_user ${name}${tagged}; ${permit}`,
      },
    ];
  }
  if (answer === "outside" && told?.users === undefined)
    return [grant(`${name} has nothing in vhost ${vhost}`, permit)];
  return [];
}

function queueTypes(told: ToldBroker, rabbitmq: RabbitmqModel, all: Definitions): Problem[] {
  return preflightQueues({ queues: told.queues }, rabbitmq, all);
}
