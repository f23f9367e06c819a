import type { Action } from "../../../../engine/action.ts";
import { planBelow, planUnits } from "../../../../engine/plan/plan-files.ts";
import type { Plan, Problem } from "../../../../engine/stage.ts";
import type { PostgresModel } from "../../../../stack/components/postgres/model.ts";
import type { Model } from "../../../../stack/model.ts";
import type { ExternalAdmin } from "../external-admin.ts";
import { failingPostgres } from "../failing.ts";
import { planServer, preflightPostgres } from "../plan.ts";
import { differingSettings } from "./differing-settings.ts";
import type { ClusteredPostgresFacts } from "./facts.ts";
import { leaderOf, synchronousOf } from "./look-at-servers.ts";

const hint = "stack-agent cluster status; there: stack-agent status";

/** What no action here can put right; and whom the machine waits for, where it isn't at fault. */
export function preflightClusteredPostgres(
  { component, running, here, etcd, view, server }: ClusteredPostgresFacts,
  model: Model,
  postgres: PostgresModel,
): Problem[] {
  if (typeof server !== "string") return preflightPostgres({ component, cluster: true, server }, model, postgres);
  if (server === "refused") {
    const message = "the server that leads refuses postgres.superuser: it is of another cluster, or of an older secret";
    return [{ code: "superuser-refused", message, hint }];
  }
  // Its own doesn't answer either until a second one is there: only then etcd opens its port to clients.
  const away = (model.cluster?.nodes ?? []).filter(({ name }) => name !== here && !etcd.includes(name));
  // Two of the three agree without the third.
  if (!running || view !== undefined || away.length < 2) return [];
  const message = `PostgreSQL waits for ${away.map(({ name }) => name).join(", ")}: two machines decide who leads`;
  return [{ code: "waits-for-members", message, hint, waits: true }];
}

/** Files, then units; then what all servers have in common, over Patroni; then what is in the one that leads. */
export function planClusteredPostgres(facts: ClusteredPostgresFacts, model: Model, postgres: PostgresModel): Plan {
  const { component, view, server, lastWords } = facts;
  const below = [...planBelow(component), ...planUnits(component, { wait: true })];
  const failing = lastWords === undefined ? [] : [failingPostgres(lastWords, postgres)];
  const { patroni, servers } = postgres;
  if (patroni === undefined || servers === undefined || model.cluster === undefined) {
    return { actions: below, unseen: [] };
  }
  if (view === undefined || leaderOf(view.servers) === undefined || typeof server === "string") {
    return { actions: below, unseen: ["roles, database and migrations: no server leads yet"], failing };
  }
  const differing = differingSettings(patroni.dynamic, view.dynamic);
  const settings: Action[] =
    Object.keys(differing).length === 0
      ? []
      : [
          {
            do: "patroniSettings",
            why: `differ: ${Object.keys(differing).join(", ")}`,
            args: { cluster: model.cluster, port: patroni.port, settings: differing },
          },
        ];
  const admin: ExternalAdmin = { servers, user: "postgres", secret: postgres.secrets.admin, superuser: true };
  const inside = planServer(server, model, postgres, admin);
  // What is written waits for a second server.
  if (inside.length > 0 && synchronousOf(view.servers) === undefined) {
    return {
      actions: [...below, ...settings],
      unseen: ["roles, database and migrations: no standby follows yet"],
      failing,
    };
  }
  return { actions: [...below, ...settings, ...inside], unseen: [], failing };
}
