import "../../../engine/action.ts";

declare module "../../../engine/action.ts" {
  interface ActionArgs {
    redisCluster: { ports: readonly number[] };
  }
}
