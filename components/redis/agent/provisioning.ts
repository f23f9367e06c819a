import type { Executors } from "../../../engine/action.ts";
import { eitherStage } from "../../../engine/either-stage.ts";
import { externalRedisStage } from "./external-stage.ts";
import { redisCluster } from "./redis-cluster.ts";
import { redisPassword } from "./redis-password.ts";
import { redisStage } from "./stage.ts";

export const stages = { redis: eitherStage(redisStage, externalRedisStage) };

export const executors = { redisCluster, redisPassword } satisfies Partial<Executors>;
