import type { Action } from "../../../engine/action.ts";
import { lastWords } from "../../../engine/facts/last-words.ts";
import { type ComponentFacts, inspectComponent, planBelow, planUnits } from "../../../engine/plan/plan-files.ts";
import { failingServer, planMend } from "../../../engine/plan/plan-mend.ts";
import { joinResets, resetComponent, resetData } from "../../../engine/plan/reset-component.ts";
import { asSealed } from "../../../engine/secrets/sealed.ts";
import type { StackWith } from "../../../engine/stack-with.ts";
import { defineComponentStage, type Plan } from "../../../engine/stage.ts";
import type { Run } from "../../../lib/run.ts";
import { definitionsPath } from "../../../stack/components/rabbitmq/component.ts";
import {
  type Definitions,
  loadedDefinitions,
  rabbitmqDefinitions,
} from "../../../stack/components/rabbitmq/definitions.ts";
import type { RabbitmqModel } from "../../../stack/components/rabbitmq/model.ts";
import { definitionsDrift } from "./definitions-drift.ts";
import { examineBroker } from "./examine-broker.ts";
import { type Broker, type BrokerFacts, inspectBroker } from "./inspect.ts";
import type { LeaderlessQueue } from "./look-at-queues.ts";
import { brokerSays, type FailingBroker, mendBroker } from "./mend-broker.ts";
import { checks } from "./monitoring.ts";
import { preflightQueues } from "./preflight-queues.ts";

export interface RabbitmqFacts {
  readonly component: ComponentFacts;
  readonly broker: BrokerFacts;
  /** It has run here: there is a database of its own. */
  readonly data: boolean;
  /** It starts again and again, and never comes up. */
  readonly failing?: FailingBroker | undefined;
}

const dataFolder = "/var/lib/rabbitmq/mnesia";
const brokerFolder = `${dataFolder}/rabbit@localhost`;

/** The user that RabbitMQ makes when it starts without definitions; its password is its name. */
const guest = "guest";

/** RabbitMQ: one node; what it holds is loaded by itself at every start, and mended while it runs. */
export const rabbitmqStage = defineComponentStage<"rabbitmq", RabbitmqFacts>({
  id: "rabbitmq",
  title: "RabbitMQ",
  needs: ["system"],
  checks,
  async inspect(reader, model, signal) {
    const rabbitmq = model.rabbitmq;
    const component = await inspectComponent(reader, model, "rabbitmq");
    const unit = component.units.get(rabbitmq.unit);
    const running = unit?.active === "active";
    const broker = running ? await inspectBroker(reader, rabbitmq, wantedDefinitions(model), signal) : "down";
    const failing = unit?.failing === true ? await inspectFailing(reader.run, rabbitmq.unit, signal) : undefined;
    return { component, broker, data: await reader.exists(dataFolder), failing };
  },
  preflight: ({ broker }, model) => preflightQueues(broker, model.rabbitmq, wantedDefinitions(model)),
  plan: (facts, model) => planRabbitmq(facts, model.rabbitmq, wantedDefinitions(model)),
  reset: ({ component, data }, _, wish) =>
    joinResets(resetComponent(component, wish), resetData(data ? [dataFolder] : [], wish)),
});

async function inspectFailing(run: Run, unit: string, signal: AbortSignal): Promise<FailingBroker> {
  const [words, files] = await Promise.all([lastWords(run, unit, signal), examineBroker(brokerFolder)]);
  return { words, files };
}

/** Files, damaged ones of its own mended, the unit, then what the broker holds. On a first boot the broker has loaded that itself. */
export function planRabbitmq(facts: RabbitmqFacts, rabbitmq: RabbitmqModel, wanted: Definitions): Plan {
  const { managementPort, unit, vhost } = rabbitmq;
  const mends = facts.failing === undefined ? [] : mendBroker(facts.failing);
  const active = facts.component.units.get(unit)?.active ?? "inactive";
  const below = [
    ...planBelow(facts.component),
    ...planMend({ unit, active }, mends),
    ...planUnits(facts.component, { wait: true }),
  ];
  // A (re)start loads the definitions anyway.
  const starting = below.some(
    (action) => (action.do === "startUnits" || action.do === "restartUnits") && action.args.units.includes(unit),
  );
  if (facts.broker === "down" || starting) {
    const failing =
      facts.failing === undefined ? [] : [failingServer(unit, brokerSays(facts.failing.words), mends.length > 0)];
    const when = facts.broker === "down" ? "RabbitMQ is not running yet" : "RabbitMQ is to be restarted first";
    return { actions: below, unseen: [`users, queues and bindings: ${when}`], failing };
  }
  if (facts.broker === "ended") {
    const restart: Action = {
      do: "restartUnits",
      why: "its queues have ended: their log could not be written",
      args: { units: [unit], wait: true },
    };
    return { actions: [...below, restart], unseen: ["what RabbitMQ holds: its queues have ended"] };
  }
  const text = facts.component.files.find(({ entry }) => entry.path === definitionsPath)?.text ?? asSealed("");
  const load = (why: string, diff: readonly string[] = [], what = text): Action => ({
    do: "importDefinitions",
    why,
    args: { managementPort, text: what },
    diff,
  });
  if (facts.broker === "refused") {
    return {
      actions: [...below, load("the administrator's login is refused")],
      unseen: ["users, queues and bindings: no login yet"],
    };
  }
  const { leaderless } = facts.broker;
  const lead = ("unseen" in leaderless ? [] : leaderless).map(
    ({ damaged, ...queue }): Action =>
      damaged === undefined
        ? {
            do: "leadQueue",
            why: whyLed(queue),
            args: queue,
          }
        : {
            do: "reviveQueue",
            why: damaged === "config" ? "its log doesn't say whose it is" : "its log can't be read",
            args: { member: queue.member, folder: queue.empty, damaged },
          },
  );
  const held = facts.broker.queues;
  // A stream that is down is told as one that never was.
  const absent = wanted.queues.filter(
    ({ name, arguments: args }) =>
      args["x-queue-type"] === "stream" && !held.some((queue) => queue.name === name && queue.vhost === vhost),
  );
  const others = facts.broker.absentStreams ?? 0;
  const named = absent.length > 0 ? absent.map(({ name }) => name).join(", ") : `${others} streams`;
  const recover: Action[] =
    absent.length + others === 0 ? [] : [{ do: "recoverStreams", why: `${named}: not there, or not led`, args: {} }];
  const { atStart, onceRunning } = loadedDefinitions(wanted);
  const mend = (part: Definitions, broker: Broker, what = text): Action[] => {
    const drift = definitionsDrift(part, broker);
    if (drift.length === 0) return [];
    const diff = drift.flatMap(({ diff }) => diff);
    return [load(drift.map(({ why }) => why).join("; "), diff, what)];
  };
  const guestThere = facts.broker.users.some(({ name }) => name === guest);
  return {
    actions: [
      ...below,
      ...lead,
      ...recover,
      ...mend(atStart, facts.broker),
      ...mend(onceRunning, facts.broker, asSealed(JSON.stringify({ bindings: onceRunning.bindings }))),
      ...(guestThere
        ? [
            {
              do: "deleteBrokerUser",
              why: "everybody knows its password",
              args: { managementPort, user: guest },
            } as const,
          ]
        : []),
    ],
    unseen: "unseen" in leaderless ? [`which queues have a leader: ${leaderless.unseen}`] : [],
  };
}

function whyLed({ led, log }: LeaderlessQueue): string {
  if (led === true) return "the queue was declared anew, and its log is still there";
  return log === undefined ? "the queue has no leader" : "the queue has lost its log, and so its leader";
}

function wantedDefinitions(model: StackWith<"rabbitmq">): Definitions {
  return rabbitmqDefinitions(model.rabbitmq, model.name);
}
