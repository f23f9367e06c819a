import type { Stage } from "../../engine/stage.ts";
import { postgresStage } from "./postgres/stage.ts";
import { pythonStage } from "./python/stage.ts";
import { rabbitmqStage } from "./rabbitmq/stage.ts";
import { redisStage } from "./redis/stage.ts";
import { servicesStage } from "./services/stage.ts";
import { systemStage } from "./system/stage.ts";

/** Every stage there is, in the order they are shown. CLI, help, progress and plans are made from it. */
export const stages: readonly Stage[] = [
  systemStage,
  pythonStage,
  postgresStage,
  redisStage,
  rabbitmqStage,
  servicesStage,
];
