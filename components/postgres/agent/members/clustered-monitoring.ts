import type { CheckOpeners } from "../../../../engine/declared-checks.ts";
import { ownNode } from "../../../../engine/facts/own-node.ts";
import type { Job } from "../../../../engine/job.ts";
import type { StackWith } from "../../../../engine/stack-with.ts";
import type { ComponentCheck } from "../../../../stack/components/index.ts";
import type { Model } from "../../../../stack/model.ts";
import { refreshView } from "../refresh-view.ts";
import { clusteredCheck } from "./clustered-check.ts";
import { leaderOf, lookAtServers } from "./look-at-servers.ts";

export function clusteredChecks(model: StackWith<"postgres">): CheckOpeners<ComponentCheck<"postgres">> {
  return { "postgres:roundtrip": clusteredCheck(model) };
}

/** What the agent holds of PostgreSQL on a machine of a cluster. */
export const clusteredMonitoring = {
  checks: clusteredChecks,
  jobs(model: StackWith<"postgres">): readonly Job[] {
    const refresh = refreshView(model.postgres);
    return [
      {
        name: "refresh-view",
        schedule: model.postgres.viewRefresh,
        // Once in the cluster: by the agent whose server leads.
        run: async (context, signal) => {
          if (await leadsHere(model, signal)) await refresh(context, signal);
        },
      },
    ];
  },
};

async function leadsHere({ cluster, postgres }: Model, signal: AbortSignal): Promise<boolean> {
  if (cluster === undefined || postgres?.patroni === undefined) return false;
  const view = await lookAtServers(cluster, postgres.patroni, signal);
  return leaderOf(view?.servers ?? [])?.name === ownNode(cluster).name;
}
