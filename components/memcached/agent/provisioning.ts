import { memcachedStage } from "./stage.ts";

export const stages = { memcached: memcachedStage };
