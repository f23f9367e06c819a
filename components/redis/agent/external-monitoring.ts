import type { MonitoringPart } from "../../../engine/agent-part.ts";
import type { StackWith } from "../../../engine/stack-with.ts";
import type { ComponentCheck } from "../../../stack/components/index.ts";
import { externalRedisCheck } from "./external-check.ts";

/** What the agent holds of Redis on somebody else's servers: no job of its own is done there. */
export const externalMonitoring = {
  checks(model: StackWith<"redis">) {
    return { "redis:cluster": externalRedisCheck(model) };
  },
} satisfies MonitoringPart<ComponentCheck<"redis">>;
