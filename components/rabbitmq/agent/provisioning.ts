import type { Executors } from "../../../engine/action.ts";
import { stageByForm } from "../../../engine/stage-by-form.ts";
import { declareInBroker } from "./declare-in-broker.ts";
import { deleteBrokerUser } from "./delete-broker-user.ts";
import { externalRabbitmqStage } from "./external-stage.ts";
import { importDefinitions } from "./import-definitions.ts";
import { leadQueue } from "./lead-queue.ts";
import { recoverStreams } from "./recover-streams.ts";
import { reviveQueue } from "./revive-queue.ts";
import { rabbitmqStage } from "./stage.ts";

export const stages = { rabbitmq: stageByForm(rabbitmqStage, { external: externalRabbitmqStage }) };

export const executors = {
  declareInBroker,
  importDefinitions,
  deleteBrokerUser,
  leadQueue,
  reviveQueue,
  recoverStreams,
} satisfies Partial<Executors>;
