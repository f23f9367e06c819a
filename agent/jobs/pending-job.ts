import { loadUpdates } from "../../components/agent.ts";
import { run } from "../../lib/run.ts";
import type { RootJob } from "./root-job.ts";

/** Looks what of Debian's updates is pending, and what runs files that one has replaced; leaves it in `updates.json`. */
export const pendingJob: RootJob = async ({ runFolder, signal }) => {
  const { noteUpdates } = await loadUpdates();
  await noteUpdates({ runFolder, run, signal });
};
