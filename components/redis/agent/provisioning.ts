import type { Executors } from "../../../engine/action.ts";
import { stageByForm } from "../../../engine/stage-by-form.ts";
import { externalRedisStage } from "./external-stage.ts";
import { clusteredRedisStage } from "./members/clustered-stage.ts";
import { redisMembers } from "./members/redis-members.ts";
import { redisCluster } from "./redis-cluster.ts";
import { redisPassword } from "./redis-password.ts";
import { redisStage } from "./stage.ts";

export const stages = {
  redis: stageByForm(redisStage, { external: externalRedisStage, clustered: clusteredRedisStage }),
};

export const executors = { redisCluster, redisMembers, redisPassword } satisfies Partial<Executors>;
