import { type ComponentFacts, inspectComponent, planComponent } from "../../../engine/plan/plan-files.ts";
import { resetComponent } from "../../../engine/plan/reset-component.ts";
import { defineComponentStage } from "../../../engine/stage.ts";
import { checks } from "./monitoring.ts";

/** memcached: a unit, and its share of the memory. */
export const memcachedStage = defineComponentStage<"memcached", ComponentFacts>({
  id: "memcached",
  title: "memcached",
  needs: ["system"],
  checks,
  inspect: (reader, model) => inspectComponent(reader, model, "memcached"),
  preflight: () => [],
  plan: (facts) => ({ actions: planComponent(facts, { wait: true }), unseen: [] }),
  reset: (facts, _, wish) => resetComponent(facts, wish),
});
