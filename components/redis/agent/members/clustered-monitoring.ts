import type { CheckOpeners } from "../../../../engine/declared-checks.ts";
import type { Job } from "../../../../engine/job.ts";
import type { StackWith } from "../../../../engine/stack-with.ts";
import type { ComponentCheck } from "../../../../stack/components/index.ts";
import { savesInTurn } from "../saves-in-turn.ts";
import { balanceMasters } from "./balance-masters.ts";
import { clusteredCheck } from "./clustered-check.ts";

export function clusteredChecks(model: StackWith<"redis">): CheckOpeners<ComponentCheck<"redis">> {
  return { "redis:cluster": clusteredCheck(model) };
}

/** What the agent holds of Redis on a machine of a cluster. */
export const clusteredMonitoring = {
  checks: clusteredChecks,
  jobs({ redis }: StackWith<"redis">): readonly Job[] {
    const often = { schedule: "* * * * *", always: true, timeout: 3_600_000 } as const;
    return [
      { name: "redis-saves", ...often, ...savesInTurn(redis) },
      { name: "redis-balance", ...often, timeout: 60_000, ...balanceMasters(redis) },
    ];
  },
};
