import "../../../engine/action.ts";
import type { Sealed } from "../../../engine/secrets/sealed.ts";
import type { ClusterModel } from "../../../stack/components/cluster/model.ts";
import type { Seat } from "./members/seats.ts";

declare module "../../../engine/action.ts" {
  interface ActionArgs {
    redisCluster: { ports: readonly number[] };
    /** By the machine of this index. */
    redisMembers: { cluster: ClusterModel; seats: readonly Seat[]; index: number };
    /** Of a node that runs with what is at the path, but for the password in the text. */
    redisPassword: { port: number; unit: string; path: string; mode: number; owner: string; text: Sealed };
  }
}
