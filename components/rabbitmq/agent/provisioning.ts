import type { Executors } from "../../../engine/action.ts";
import { stageByForm } from "../../../engine/stage-by-form.ts";
import { declareInBroker } from "./declare-in-broker.ts";
import { deleteBrokerUser } from "./delete-broker-user.ts";
import { externalRabbitmqStage } from "./external-stage.ts";
import { importDefinitions } from "./import-definitions.ts";
import { leadQueue } from "./lead-queue.ts";
import { clusteredRabbitmqStage } from "./members/clustered-stage.ts";
import { enableKhepri } from "./members/enable-khepri.ts";
import { growStreams } from "./members/grow-streams.ts";
import { joinBroker } from "./members/join-broker.ts";
import { recoverStreams } from "./recover-streams.ts";
import { reviveQueue } from "./revive-queue.ts";
import { rabbitmqStage } from "./stage.ts";

export const stages = {
  rabbitmq: stageByForm(rabbitmqStage, { external: externalRabbitmqStage, clustered: clusteredRabbitmqStage }),
};

export const executors = {
  declareInBroker,
  importDefinitions,
  deleteBrokerUser,
  leadQueue,
  reviveQueue,
  recoverStreams,
  joinBroker,
  enableKhepri,
  growStreams,
} satisfies Partial<Executors>;
