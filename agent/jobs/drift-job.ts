import { loadStages } from "../../components/agent.ts";
import { readProgress } from "../../engine/run/read-progress.ts";
import { errorDocument } from "../../lib/error.ts";
import { run } from "../../lib/run.ts";
import type { DriftDocument } from "../../stack/documents/drift.ts";
import { writeDrift } from "../drift/drift-file.ts";
import { lookForDrift } from "../drift/look-for-drift.ts";
import { thisMachine } from "../machine/this-machine.ts";
import { loadModel } from "../model/load-model.ts";
import { presentStages } from "../stages/choose-stages.ts";
import type { RootJob } from "./root-job.ts";

/** Looks for drift and leaves what it found in `drift.json`; nothing while, or where, provisioning was at work. */
export const driftJob: RootJob = async ({ runFolder, log, signal }) => {
  const started = Date.now();
  const isProvisioned = async (): Promise<boolean> => {
    const progress = await readProgress(runFolder);
    if (progress?.state === "running") return true;
    return progress?.finishedAt !== undefined && Date.parse(progress.finishedAt) >= started;
  };
  if (await isProvisioned()) return;
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
  if (!(await isProvisioned())) await writeDrift(runFolder, document);
};
