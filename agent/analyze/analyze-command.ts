import { firstTimelinePath, timelinePath } from "../../engine/run/timeline.ts";
import { ExitCode, StackError } from "../../lib/error.ts";
import { readTextIfAny } from "../../lib/files.ts";
import { type Run, run as runCommand } from "../../lib/run.ts";
import type { AnalysisDocument } from "../../stack/documents/analysis.ts";
import { type TimelineDocument, timelineDocument } from "../../stack/documents/timeline.ts";
import { machinePaths } from "../../stack/machine-paths.ts";
import type { MachinePaths } from "../cli/agent-address.ts";
import { type Output, processOutput } from "../cli/output.ts";
import { loadModel } from "../model/load-model.ts";
import { analyse } from "./analyse.ts";
import { analysisTable } from "./analysis-table.ts";
import { unitTimes } from "./unit-times.ts";

export interface AnalyzeOptions extends MachinePaths {
  readonly firstBoot?: boolean;
  readonly json?: boolean;
  readonly run?: Run;
  readonly output?: Output;
}

/**
 * `stack-agent analyze`: where the time of provisioning went. Of this boot; where that had
 * nothing to do, or when asked for, of the first. Needs no privilege.
 *
 * @returns 0
 * @throws StackError `no-timeline` (exit 3 while the first provisioning may still be at work)
 */
export async function analyzeCommand(options: AnalyzeOptions = {}): Promise<number> {
  const output = options.output ?? processOutput();
  const analysis = await look(options);
  output.write(options.json ? `${JSON.stringify(analysis)}\n` : analysisTable(analysis, output.colours));
  return ExitCode.healthy;
}

async function look(options: AnalyzeOptions): Promise<AnalysisDocument> {
  const run = options.run ?? runCommand;
  const [first, last] = await Promise.all([
    readTimeline(firstTimelinePath(options.stateFolder ?? machinePaths.state)),
    readTimeline(timelinePath(options.runFolder ?? machinePaths.run)),
  ]);
  const idle = last?.spans.every(({ kind }) => kind !== "action") ?? true;
  if (first !== undefined && (options.firstBoot || idle)) return analyse(first, "first", []);
  if (last === undefined || options.firstBoot) throw noTimeline(options.firstBoot === true);
  const model = await loadModel(options.definitionPath);
  const units = model.units.filter(({ want }) => want === "enabled").map(({ unit }) => unit);
  return analyse(last, "last", await unitTimes(units, run));
}

async function readTimeline(path: string): Promise<TimelineDocument | undefined> {
  const text = await readTextIfAny(path);
  if (text === undefined) return undefined;
  return timelineDocument.parse(JSON.parse(text));
}

function noTimeline(first: boolean): StackError {
  return new StackError(
    "no-timeline",
    first ? "the first provisioning left no timeline" : "nothing has been provisioned since the boot",
    { hint: "stack-agent status tells whether provisioning is still at work", exit: ExitCode.working },
  );
}
