import { loadStages } from "../../components/agent.ts";
import { ExitCode } from "../../lib/error.ts";
import type { Log } from "../../lib/log.ts";
import { run } from "../../lib/run.ts";
import { requireRoot } from "../cli/require-root.ts";
import { thisMachine } from "../machine/this-machine.ts";
import { loadModel } from "../model/load-model.ts";
import { presentStages } from "../stages/choose-stages.ts";
import { lookForDrift } from "./look-for-drift.ts";
import { printDrift } from "./print-drift.ts";

export interface DriftCommandOptions {
  readonly json?: boolean;
  readonly log: Log;
  readonly signal: AbortSignal;
  /** Standard output. */
  readonly write: (text: string) => void;
  /** Of this process; undefined where the system has none. */
  readonly userId: number | undefined;
}

/**
 * `stack-agent drift`. Changes nothing.
 *
 * @returns 0 nothing differs; 2 something does, or a server starts again and again
 * @throws StackError `not-root`; of a look that failed
 */
export async function driftCommand(options: DriftCommandOptions): Promise<number> {
  requireRoot("drift", options.userId);
  const model = await loadModel();
  const { log, signal } = options;
  const document = await lookForDrift(
    await thisMachine({ model, stages: presentStages(await loadStages(), model), run, log, signal }),
  );
  options.write(options.json ? `${JSON.stringify(document)}\n` : printDrift(document));
  return document.differences.length === 0 && document.failing === undefined ? ExitCode.healthy : ExitCode.degraded;
}
