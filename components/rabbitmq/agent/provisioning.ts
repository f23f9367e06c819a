import type { Executors } from "../../../engine/action.ts";
import { deleteBrokerUser } from "./delete-broker-user.ts";
import { importDefinitions } from "./import-definitions.ts";
import { leadQueue } from "./lead-queue.ts";
import { recoverStreams } from "./recover-streams.ts";
import { reviveQueue } from "./revive-queue.ts";
import { rabbitmqStage } from "./stage.ts";

export const stages = { rabbitmq: rabbitmqStage };

export const executors = {
  importDefinitions,
  deleteBrokerUser,
  leadQueue,
  reviveQueue,
  recoverStreams,
} satisfies Partial<Executors>;
