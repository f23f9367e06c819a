import type { Action } from "../../../../engine/action.ts";
import { lastWords } from "../../../../engine/facts/last-words.ts";
import { ownNode } from "../../../../engine/facts/own-node.ts";
import { type ComponentFacts, inspectComponent, planBelow, planUnits } from "../../../../engine/plan/plan-files.ts";
import { failingServer } from "../../../../engine/plan/plan-mend.ts";
import { joinResets, resetComponent, resetData } from "../../../../engine/plan/reset-component.ts";
import { asSealed } from "../../../../engine/secrets/sealed.ts";
import type { StackWith } from "../../../../engine/stack-with.ts";
import { defineComponentStage, type Plan, type Problem } from "../../../../engine/stage.ts";
import type { ClusterModel, ClusterNode } from "../../../../stack/components/cluster/model.ts";
import { definitionsPath } from "../../../../stack/components/rabbitmq/component.ts";
import {
  type Definitions,
  loadedDefinitions,
  rabbitmqDefinitions,
} from "../../../../stack/components/rabbitmq/definitions.ts";
import { brokerName, type RabbitmqModel } from "../../../../stack/components/rabbitmq/model.ts";
import { definitionsDrift } from "../definitions-drift.ts";
import { brokerSays } from "../mend-broker.ts";
import { preflightQueues } from "../preflight-queues.ts";
import { clusteredChecks } from "./clustered-monitoring.ts";
import { inspectMember, type Member, type MemberFacts } from "./inspect-member.ts";
import { planJoin } from "./plan-join.ts";

/*
 * What mends a broker that is alone is not done here: to set its damaged files aside, or to have a queue without its log
 * led, takes messages that the other two brokers still have. A member that can't start is emptied, and joins anew.
 */

export interface ClusteredRabbitmqFacts {
  readonly component: ComponentFacts;
  readonly place: ClusterNode;
  readonly broker: MemberFacts;
  readonly data: boolean;
  /** What it logged last, where it starts again and again and never comes up. */
  readonly failing?: readonly string[] | undefined;
}

const dataFolder = "/var/lib/rabbitmq/mnesia";

/** RabbitMQ on a machine of a cluster: one broker of three. */
export const clusteredRabbitmqStage = defineComponentStage<"rabbitmq", ClusteredRabbitmqFacts>({
  id: "rabbitmq",
  title: "RabbitMQ",
  needs: ["system", "cluster"],
  checks: clusteredChecks,
  async inspect(reader, model, signal) {
    const { rabbitmq } = model;
    const place = ownNode(clusterOf(rabbitmq));
    const component = await inspectComponent(reader, model, "rabbitmq");
    const unit = component.units.get(rabbitmq.unit);
    const running = unit?.active === "active";
    const broker = running ? await inspectMember(reader, rabbitmq, place, wantedDefinitions(model), signal) : "down";
    const failing = unit?.failing === true ? await lastWords(reader.run, rabbitmq.unit, signal) : undefined;
    return { component, place, broker, data: await reader.exists(dataFolder), failing };
  },
  preflight: ({ broker, place }, model) => [
    ...preflightMember(broker, place, model.rabbitmq, wantedDefinitions(model)),
    ...(typeof broker === "string" ? [] : preflightQueues(broker.held, model.rabbitmq, wantedDefinitions(model))),
  ],
  plan: (facts, model) => planMember(facts, model.rabbitmq, wantedDefinitions(model)),
  reset: ({ component, data }, _, wish) =>
    joinResets(resetComponent(component, wish), resetData(data ? [dataFolder] : [], wish)),
});

/** The others are waited for where there is nothing to do before they come: the machine is not at fault. */
export function preflightMember(
  broker: MemberFacts,
  place: ClusterNode,
  rabbitmq: RabbitmqModel,
  wanted: Pick<Definitions, "queues">,
): Problem[] {
  if (typeof broker === "string") return [];
  const cluster = clusterOf(rabbitmq);
  if (broker.brokers.length === 1) {
    const join = planJoin(broker, place, cluster);
    if ("broker" in join) return [];
    if ("waitsFor" in join)
      return [waits(join.waitsFor, place.index === 0 ? "to join its broker" : "whose broker it joins")];
    return [
      {
        code: "broker-not-empty",
        message: `RabbitMQ is in no cluster, and holds ${join.holds.join(", ")}: joining would take what is in there`,
        hint: "take the messages out, then: stack-agent reset --only rabbitmq --data, and stack-agent provision",
      },
    ];
  }
  const isMade = wanted.queues.every(({ name }) => broker.held.queues.some((queue) => queue.name === name));
  if (isMade && broker.khepri !== false) return [];
  // What is declared now has a member on each machine.
  const missing = cluster.nodes.filter(
    ({ address }) => !broker.brokers.some(({ name, running }) => running && name === brokerName(address)),
  );
  return missing.length === 0
    ? []
    : [
        waits(
          missing.map(({ name }) => name),
          "without whom no queue is declared",
        ),
      ];
}

function waits(names: readonly string[], what: string): Problem {
  return {
    code: "waits-for-members",
    message: `RabbitMQ waits for ${names.join(", ")}, ${what}`,
    hint: "stack-agent cluster status; there: stack-agent status",
    waits: true,
  };
}

/** Files, the unit, the cluster's members, then what it holds. */
export function planMember(facts: ClusteredRabbitmqFacts, rabbitmq: RabbitmqModel, wanted: Definitions): Plan {
  const { component, broker, place, failing } = facts;
  const { unit, managementPort } = rabbitmq;
  const below = [...planBelow(component), ...planUnits(component, { wait: true })];
  const starting = below.some(
    (action) => (action.do === "startUnits" || action.do === "restartUnits") && action.args.units.includes(unit),
  );
  if (broker === "stopped" && !starting) {
    const why = "its application is stopped: it was about to join";
    return {
      actions: [...below, { do: "restartUnits", why, args: { units: [unit], wait: true } }],
      unseen: ["brokers of the cluster: RabbitMQ is to be restarted first"],
    };
  }
  if (broker === "down" || broker === "stopped" || starting) {
    return {
      actions: below,
      unseen: ["brokers of the cluster: this machine's is not running yet"],
      failing: failing === undefined ? [] : [failingServer(unit, brokerSays(failing), false)],
    };
  }
  const text = component.files.find(({ entry }) => entry.path === definitionsPath)?.text ?? asSealed("");
  const load = (why: string, diff: readonly string[] = [], what = text): Action => ({
    ...{ do: "importDefinitions", why, args: { managementPort, text: what } },
    diff,
  });
  if (broker === "refused") {
    return {
      actions: [...below, load("the administrator's login is refused")],
      unseen: ["users, queues and bindings: no login yet"],
    };
  }
  if (broker.brokers.length === 1) {
    const join = planJoin(broker, place, clusterOf(rabbitmq));
    if (!("broker" in join)) return { actions: below, unseen: ["brokers of the cluster: this one is alone"] };
    const own = brokerName(place.address);
    const why = join.remembered ? "the cluster remembers it, and it has lost its data" : "it is in no cluster";
    return {
      actions: [...below, { do: "joinBroker", why, args: { own, ...join } }],
      unseen: ["users, queues and bindings: it is to join the cluster first"],
    };
  }
  return { actions: [...below, ...planHeld(broker, place, rabbitmq, wanted, load)], unseen: [] };
}

function planHeld(
  { held, khepri, queues }: Member,
  { address }: ClusterNode,
  { managementPort, vhost }: RabbitmqModel,
  wanted: Definitions,
  load: (why: string, diff?: readonly string[], what?: ReturnType<typeof asSealed>) => Action,
): Action[] {
  const { atStart, onceRunning } = loadedDefinitions(wanted);
  const mend = (part: Definitions, ...what: readonly ReturnType<typeof asSealed>[]): Action[] => {
    const drift = definitionsDrift(part, held);
    if (drift.length === 0) return [];
    return [
      load(
        drift.map(({ why }) => why).join("; "),
        drift.flatMap(({ diff }) => diff),
        ...what,
      ),
    ];
  };
  const streams = queues
    .filter(({ type, members }) => type === "stream" && members.length > 0 && !members.includes(brokerName(address)))
    .map(({ name }) => name);
  return [
    ...(khepri === false
      ? [{ do: "enableKhepri", why: "its metadata are in Mnesia", args: { managementPort } } as const]
      : []),
    ...mend(atStart),
    ...mend(onceRunning, asSealed(JSON.stringify({ bindings: onceRunning.bindings }))),
    ...(streams.length > 0
      ? [{ do: "growStreams", why: "no member of them is on this machine", args: { vhost, streams } } as const]
      : []),
  ];
}

function clusterOf({ cluster }: RabbitmqModel): ClusterModel {
  if (cluster === undefined) throw new TypeError("the broker is alone");
  return cluster;
}

function wantedDefinitions(model: StackWith<"rabbitmq">): Definitions {
  return rabbitmqDefinitions(model.rabbitmq, model.name);
}
