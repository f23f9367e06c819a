import { dirname } from "node:path";
import type { Action } from "../../../engine/action.ts";
import { joinResets, resetComponent, resetData } from "../../../engine/plan-reset.ts";
import { defineStage } from "../../../engine/stage.ts";
import type { Model, PostgresModel } from "../../../stack/model.ts";
import { postgresCheck } from "./check.ts";
import type { PostgresFacts } from "./facts.ts";
import { inspectPostgres } from "./inspect.ts";
import { planPostgres, preflightPostgres } from "./plan.ts";

/** PostgreSQL: the cluster, made on the instance; roles, database, event store. */
export const postgresStage = defineStage<"postgres", PostgresFacts>({
  id: "postgres",
  title: "PostgreSQL",
  needs: ["system"],
  present: (model) => model.postgres !== undefined,
  checks: (model) => [postgresCheck(model)],
  inspect: (reader, model, signal) => inspectPostgres(reader, model, part(model), signal),
  preflight: (facts, model) => preflightPostgres(facts, model, part(model)),
  plan: (facts, model) => planPostgres(facts, model, part(model)),
  reset: ({ component, cluster }, model, wish) => {
    const { dataDirectory } = part(model);
    const parent: Action = { do: "removeFolders", why: "empty now", args: { paths: [dirname(dataDirectory)] } };
    return joinResets(resetComponent(component, wish), resetData(cluster ? [dataDirectory] : [], wish), {
      actions: cluster && wish.data ? [parent] : [],
      kept: [],
    });
  },
});

function part({ postgres }: Model): PostgresModel {
  if (postgres === undefined) throw new TypeError("this stack has no postgres");
  return postgres;
}
