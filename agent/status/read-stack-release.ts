import { basename } from "node:path";
import { readLinkIfAny } from "../../lib/files.ts";
import { run } from "../../lib/run.ts";
import { agentCurrentLink } from "../../stack/agent-releases.ts";
import type { StatusDocument } from "../../stack/documents/status.ts";
import { readHistory } from "../trial/release-history.ts";
import { cutOffTrial } from "../trial/settle-trial.ts";

/** The stack's release in force: two small files, and the lock alone where something is on trial. Nothing of it is an error. */
export async function readStackRelease(
  stateDirectory: string,
  link: string = agentCurrentLink,
): Promise<StatusDocument["release"]> {
  const [target, history, trial] = await Promise.all([
    readLinkIfAny(link).catch(() => undefined),
    readHistory(stateDirectory).catch(() => undefined),
    // Root's alone.
    cutOffTrial(run).catch(() => undefined),
  ]);
  if (target === undefined) return undefined;
  const id = basename(target);
  return {
    id,
    ...(history?.release === id ? { since: history.since } : {}),
    ...(trial === undefined ? {} : { cutOff: trial.to }),
  };
}
