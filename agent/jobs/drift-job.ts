import { loadStages } from "../../components/agent.ts";
import { lastTaken } from "../../engine/run/take-lock.ts";
import { errorDocument } from "../../lib/error.ts";
import { run } from "../../lib/run.ts";
import type { DriftDocument } from "../../stack/documents/drift.ts";
import { lookForDrift } from "../drift/look-for-drift.ts";
import { writeDrift } from "../drift/read-drift.ts";
import { thisMachine } from "../machine/this-machine.ts";
import { loadModel } from "../model/load-model.ts";
import { presentStages } from "../stages/choose-stages.ts";
import type { RootJob } from "./root-job.ts";

/**
 * Looks for drift and leaves what it found in `drift.json`; nothing where something was at work meanwhile:
 * what provisioning, a deployment or an upgrade has in hand is no drift.
 */
export const driftJob: RootJob = async ({ runFolder, log, signal }) => {
  const started = Date.now();
  const before = await lastTaken(runFolder, run);
  if (before === undefined) return;
  const look = async (): Promise<DriftDocument> => {
    const model = await loadModel();
    const stages = presentStages(await loadStages(), model);
    return lookForDrift(await thisMachine({ model, stages, run, log, signal }));
  };
  const document = await look().catch((error: unknown): DriftDocument => {
    const { detail, ...told } = errorDocument(error);
    const checkedAt = new Date(started).toISOString();
    return { schemaVersion: 1, checkedAt, differences: [], unseen: [], error: { ...told, detail: [...detail] } };
  });
  if ((await lastTaken(runFolder, run)) === before) await writeDrift(runFolder, document);
};
