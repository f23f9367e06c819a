import { installedTemplates } from "../../engine/installed-templates.ts";
import { ExitCode } from "../../lib/error.ts";
import { run } from "../../lib/run.ts";
import type { DoctorDocument } from "../../stack/documents/doctor.ts";
import { requireRoot } from "../cli/require-root.ts";
import { processOutput } from "../cli/terminal.ts";
import { loadModel } from "../model/load-model.ts";
import { doctor } from "./doctor.ts";
import { doctorTable } from "./doctor-table.ts";

export interface DoctorCommandOptions {
  readonly json?: boolean;
  readonly signal: AbortSignal;
  /** Of this process; undefined where the system has none. */
  readonly userId: number | undefined;
}

const exitCodes: Readonly<Record<DoctorDocument["status"], number>> = {
  kept: ExitCode.healthy,
  broken: ExitCode.failed,
  "not-enforced": ExitCode.degraded,
};

/**
 * `stack-agent doctor`.
 *
 * @returns the exit code: 0 all as promised, 1 a promise broken, 2 one that this machine can't enforce
 * @throws StackError `not-root`, `aborted`, and as loadModel does
 */
export async function doctorCommand(options: DoctorCommandOptions): Promise<number> {
  requireRoot("doctor", options.userId);
  const model = await loadModel();
  const templates = installedTemplates(`${model.paths.share}/templates`);
  const document = await doctor({ model, templates, run, signal: options.signal });
  const { write, colours } = processOutput();
  write(options.json ? `${JSON.stringify(document, undefined, 2)}\n` : doctorTable(document, colours));
  return exitCodes[document.status];
}
