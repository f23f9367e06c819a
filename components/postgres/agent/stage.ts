import { dirname } from "node:path";
import type { Action } from "../../../engine/action.ts";
import { joinResets, resetComponent, resetData } from "../../../engine/plan/reset-component.ts";
import { defineComponentStage } from "../../../engine/stage.ts";
import type { PostgresFacts } from "./facts.ts";
import { inspectPostgres } from "./inspect.ts";
import { checks } from "./monitoring.ts";
import { planPostgres, preflightPostgres } from "./plan.ts";

/** PostgreSQL: the cluster, made on the instance; roles, database, event store. */
export const postgresStage = defineComponentStage<"postgres", PostgresFacts>({
  id: "postgres",
  title: "PostgreSQL",
  needs: ["system"],
  checks,
  inspect: (reader, model, signal) => inspectPostgres(reader, model, model.postgres, signal),
  preflight: (facts, model) => preflightPostgres(facts, model, model.postgres),
  plan: (facts, model) => planPostgres(facts, model, model.postgres),
  reset: ({ component, cluster }, model, wish) => {
    const { dataDirectory } = model.postgres;
    const parent: Action = { do: "removeFolders", why: "empty now", args: { paths: [dirname(dataDirectory)] } };
    return joinResets(resetComponent(component, wish), resetData(cluster ? [dataDirectory] : [], wish), {
      actions: cluster && wish.data ? [parent] : [],
      kept: [],
    });
  },
});
