import type { Executors } from "../../../engine/action.ts";
import { redisCluster } from "./redis-cluster.ts";
import { redisPassword } from "./redis-password.ts";
import { redisStage } from "./stage.ts";

export const stages = { redis: redisStage };

export const executors = { redisCluster, redisPassword } satisfies Partial<Executors>;
