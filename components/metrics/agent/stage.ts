import { type ComponentFacts, inspectComponent, planComponent } from "../../../engine/plan/plan-files.ts";
import { resetComponent } from "../../../engine/plan/reset-component.ts";
import { defineStage } from "../../../engine/stage.ts";

/** Prometheus and Alertmanager: their units and files. The stack is up without them. */
export const metricsStage = defineStage<"metrics", ComponentFacts>({
  id: "metrics",
  title: "Prometheus and Alertmanager",
  needs: ["system"],
  present: ({ metrics }) => metrics !== undefined,
  checks: () => [],
  inspect: (reader, model) => inspectComponent(reader, model, "metrics"),
  preflight: () => [],
  plan: (facts) => ({ actions: planComponent(facts, { wait: true }), unseen: [] }),
  reset: (facts, _, wish) => resetComponent(facts, wish),
});
