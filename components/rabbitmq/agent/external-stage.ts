import { defineComponentStage } from "../../../engine/stage.ts";
import { addressesText } from "../../../stack/components/external.ts";
import { rabbitmqDefinitions } from "../../../stack/components/rabbitmq/definitions.ts";
import { type ExternalBroker, inspectExternalBroker } from "./inspect-external.ts";
import { checks } from "./monitoring.ts";
import { planExternalBroker } from "./plan-external.ts";
import { preflightExternalBroker } from "./preflight-external.ts";

/** RabbitMQ on somebody else's brokers: what is missing there is declared. A reset leaves them alone. */
export const externalRabbitmqStage = defineComponentStage<"rabbitmq", ExternalBroker | "down">({
  id: "rabbitmq",
  title: "RabbitMQ",
  needs: ["system"],
  checks,
  inspect: (reader, { rabbitmq }, signal) => inspectExternalBroker(reader, rabbitmq, signal),
  preflight: (broker, { name, rabbitmq }) =>
    preflightExternalBroker(broker, rabbitmq, rabbitmqDefinitions(rabbitmq, name)),
  plan: (broker, { name, rabbitmq }) => planExternalBroker(broker, rabbitmq, rabbitmqDefinitions(rabbitmq, name)),
  reset: (_, { rabbitmq: { external, vhost } }) => ({
    actions: [],
    kept:
      external === undefined
        ? []
        : [`vhost ${vhost} on ${addressesText(external)} stays with all in it: it is on somebody else's brokers`],
  }),
});
