import { loadUpdates } from "../../components/agent.ts";
import { run } from "../../lib/run.ts";
import { loadModel } from "../model/load-model.ts";
import type { RootJob } from "./root-job.ts";

/** Asks Debian's archives, and installs what the definition says. */
export const updatesJob: RootJob = async ({ log, signal }) => {
  const { performUpdates } = await loadUpdates();
  await performUpdates({ model: await loadModel(), run, log, signal });
};
