import type { EngineOptions } from "../../engine/run/engine-options.ts";
import { planStages } from "../../engine/run/plan-stages.ts";
import type { DriftDocument } from "../../stack/documents/drift.ts";
import { refuseCutOff } from "../trial/settle-trial.ts";

/**
 * Compares the machine with its definition: what provisioning would do is what differs.
 *
 * @throws StackError of a look that failed, as planStages does
 */
export async function lookForDrift(options: EngineOptions): Promise<DriftDocument> {
  await refuseCutOff(options.io.run);
  const checkedAt = new Date(options.now()).toISOString();
  const { actions, unseen, failing } = await planStages(options);
  return {
    schemaVersion: 1,
    checkedAt,
    differences: actions.map((action) => ({ ...action, mend: `stack-agent provision --only ${action.stage}` })),
    unseen,
    ...(failing === undefined ? {} : { failing }),
  };
}
