import type { FindingsOptions } from "../../../engine/agent-part.ts";
import type { Found } from "../../../engine/finding.ts";
import { readSecret } from "../../../engine/secrets/read-secret.ts";
import { StackError } from "../../../lib/error.ts";
import type { SafeFix } from "../../../stack/documents/doctor.ts";
import { withRedis } from "./client.ts";
import { infoField } from "./info-field.ts";

/** Milliseconds for a node's answer. */
const LONGEST = 5_000;

/** What of a node's INFO says that its data doesn't get to the disk. */
const writes: readonly { readonly field: string; readonly what: string; readonly bySaves: boolean }[] = [
  { field: "rdb_last_bgsave_status", what: "its last snapshot failed", bySaves: true },
  { field: "aof_last_bgrewrite_status", what: "its log could not be rewritten", bySaves: true },
  // It tries that itself, every second.
  { field: "aof_last_write_status", what: "its log can't be written", bySaves: false },
];

/** Whether what each node keeps gets to the disk. */
export async function persistence({ model: { redis, paths }, signal }: FindingsOptions): Promise<Found> {
  const password = await readSecret(paths.state, "redis.auth");
  if (password === undefined) {
    throw new StackError("secret-missing", "the secret redis.auth is not there", { hint: "stack-agent provision" });
  }
  const nodes = await Promise.all(
    (redis?.nodes ?? []).map(async ({ port }) => {
      const within = AbortSignal.any([signal, AbortSignal.timeout(LONGEST)]);
      return { port, info: await withRedis(port, password, within, (client) => client.info("persistence"), redis) };
    }),
  );
  return judgePersistence(nodes);
}

/** What failed is tried again by the job that has no two nodes save at once, not by a command to the node. */
export function judgePersistence(nodes: readonly { readonly port: number; readonly info: string }[]): Found {
  const failing = nodes.flatMap(({ port, info }) =>
    writes.filter(({ field }) => infoField(info, field) === "err").map((write) => ({ port, ...write })),
  );
  if (failing.length === 0) return { status: "pass", message: "every node's data gets to the disk" };
  const again: SafeFix = {
    command: ["stack-agent", "job", "run", "redis-saves"],
    effect: "the nodes write their data once more, one after the other",
  };
  return {
    status: "warn",
    message: failing.map(({ port, what }) => `node ${port}: ${what}`).join("; "),
    hint: "df -h /var/lib/redis; stack-agent logs -n 50 redis; once there is room: stack-agent doctor --fix",
    ...(failing.some(({ bySaves }) => bySaves) && { fixes: [again] }),
  };
}
