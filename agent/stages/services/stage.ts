import { type ComponentFacts, inspectComponent, planComponent } from "../../engine/plan-files.ts";
import { resetComponent } from "../../engine/plan-reset.ts";
import { defineStage } from "../../engine/stage.ts";

/**
 * The Python services: env files, units, started.
 *
 * At boot systemd has them queued behind the very unit that runs this: they are never
 * waited for here, and their health is looked at by the agent, not by a check of the stage.
 */
export const servicesStage = defineStage<"services", ComponentFacts>({
  id: "services",
  title: "Services",
  needs: ["system", "python", "postgres", "redis", "rabbitmq"],
  present: (model) => model.services.length > 0,
  checks: () => [],
  inspect: (eyes, model) => inspectComponent(eyes, model, "services"),
  preflight: () => [],
  plan: (facts) => ({ actions: planComponent(facts, { wait: false }), unseen: [] }),
  reset: (facts, _, wish) => resetComponent(facts, wish),
});
