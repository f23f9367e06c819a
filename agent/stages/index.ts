import { postgresStage } from "../../components/postgres/agent/stage.ts";
import { rabbitmqStage } from "../../components/rabbitmq/agent/stage.ts";
import { redisStage } from "../../components/redis/agent/stage.ts";
import { pythonStage } from "../../components/services/agent/python-stage.ts";
import { servicesStage } from "../../components/services/agent/stage.ts";
import { systemStage } from "../../components/system/agent/stage.ts";
import type { Stage } from "../../engine/stage.ts";

/** Every stage there is, in the order they are shown. CLI, help, progress and plans are made from it. */
export const stages: readonly Stage[] = [
  systemStage,
  pythonStage,
  postgresStage,
  redisStage,
  rabbitmqStage,
  servicesStage,
];
