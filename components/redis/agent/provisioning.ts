import type { Executors } from "../../../engine/action.ts";
import { stageByForm } from "../../../engine/stage-by-form.ts";
import { externalRedisStage } from "./external-stage.ts";
import { redisCluster } from "./redis-cluster.ts";
import { redisPassword } from "./redis-password.ts";
import { redisStage } from "./stage.ts";

export const stages = { redis: stageByForm(redisStage, { external: externalRedisStage }) };

export const executors = { redisCluster, redisPassword } satisfies Partial<Executors>;
