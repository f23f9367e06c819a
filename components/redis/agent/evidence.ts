import type { FindingsOptions } from "../../../engine/agent-part.ts";
import type { Evidence } from "../../../engine/evidence.ts";
import { readSecret } from "../../../engine/secrets/read-secret.ts";
import { withRedis } from "./client.ts";

/** Milliseconds for a node's answers. */
const LONGEST = 5_000;

/** No key and no value. */
export function evidence({ model: { redis, paths }, signal }: FindingsOptions): readonly Evidence[] {
  return (redis?.nodes ?? []).map(({ port }) => ({
    path: `redis/${port}.txt`,
    about: `INFO and CLUSTER NODES of the node ${port}`,
    collect: async () => {
      const password = (await readSecret(paths.state, "redis.auth")) ?? "";
      const within = AbortSignal.any([signal, AbortSignal.timeout(LONGEST)]);
      return withRedis(
        port,
        password,
        within,
        async (client) => [await client.info("all"), String(await client.cluster("NODES"))].join("\n"),
        redis,
      );
    },
  }));
}
