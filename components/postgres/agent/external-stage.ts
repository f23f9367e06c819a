import { resetComponent } from "../../../engine/plan/reset-component.ts";
import { defineComponentStage } from "../../../engine/stage.ts";
import { addressesText } from "../../../stack/components/external.ts";
import { type ExternalPostgresFacts, inspectExternal } from "./inspect-external.ts";
import { checks } from "./monitoring.ts";
import { planExternal } from "./plan-external.ts";
import { preflightExternal } from "./preflight-external.ts";

/** PostgreSQL on somebody else's servers: roles where they are missing, and the event store. A reset leaves them alone. */
export const externalPostgresStage = defineComponentStage<"postgres", ExternalPostgresFacts>({
  id: "postgres",
  title: "PostgreSQL",
  needs: ["system"],
  checks,
  inspect: (reader, model, signal) => inspectExternal(reader, model, model.postgres, signal),
  preflight: (facts, { postgres }) => preflightExternal(facts, postgres),
  plan: (facts, { postgres }) => planExternal(facts, postgres),
  reset: ({ component }, { postgres: { external, database } }, wish) => {
    const { actions, kept } = resetComponent(component, wish);
    const where = external === undefined ? "" : ` on ${addressesText(external)}`;
    return {
      actions,
      kept: [...kept, `database ${database}${where} stays with its roles: it is on somebody else's servers`],
    };
  },
});
