import type { CheckOpeners } from "../../../engine/declared-checks.ts";
import type { Job } from "../../../engine/job.ts";
import type { StackWith } from "../../../engine/stack-with.ts";
import type { ComponentCheck } from "../../../stack/components/index.ts";
import { redisCheck } from "./check.ts";
import { savesInTurn } from "./saves-in-turn.ts";

export function checks(model: StackWith<"redis">): CheckOpeners<ComponentCheck<"redis">> {
  return { "redis:cluster": redisCheck(model) };
}

export function jobs({ redis }: StackWith<"redis">): readonly Job[] {
  return [{ name: "redis-saves", schedule: "* * * * *", always: true, timeout: 3_600_000, ...savesInTurn(redis) }];
}
