import { installedTemplates } from "../../engine/installed-templates.ts";
import { ExitCode, StackError } from "../../lib/error.ts";
import type { Log } from "../../lib/log.ts";
import { run } from "../../lib/run.ts";
import type { DoctorDocument } from "../../stack/documents/doctor.ts";
import { processOutput } from "../cli/output.ts";
import { requireRoot } from "../cli/require-root.ts";
import { loadModel } from "../model/load-model.ts";
import { doctor, lookAgain } from "./doctor.ts";
import { doctorTable } from "./doctor-table.ts";
import { describeFix, plannedFixes, runFixes } from "./run-fixes.ts";

export interface DoctorCommandOptions {
  readonly json?: boolean;
  /** Runs what is safe of what helps, once that is agreed to. */
  readonly fix?: boolean;
  readonly yes?: boolean;
  /** Asks on the terminal; undefined where there is none. */
  readonly ask?: ((question: string) => Promise<string>) | undefined;
  readonly log: Log;
  readonly signal: AbortSignal;
  /** Of this process; undefined where the system has none. */
  readonly userId: number | undefined;
}

/**
 * `stack-agent doctor`.
 *
 * @returns the exit code: 0 all as promised and nothing warns; 1 a promise broken, or a fix failed; 2 a promise that
 *   this machine can't enforce, or something of the machine that warns
 * @throws StackError `not-root`, `usage` (64), `aborted`, and as loadModel does
 */
export async function doctorCommand(options: DoctorCommandOptions): Promise<number> {
  requireRoot("doctor", options.userId);
  const { fix, yes, ask, json, signal } = options;
  if (yes && !fix) throw usage("--yes is for --fix", "stack-agent doctor --fix --yes");
  if (fix && !yes && ask === undefined) {
    throw usage("there is nobody to ask whether to run the fixes", "stack-agent doctor --fix --yes");
  }
  const model = await loadModel();
  const templates = installedTemplates(`${model.paths.share}/templates`);
  const { write, writeAside, colours } = processOutput();
  const looking = { model, templates, run, signal };
  const found = await doctor(looking);
  const document = fix ? await fixed(found, looking, { ...options, tell: (line) => writeAside(`${line}\n`) }) : found;
  write(json ? `${JSON.stringify(document, undefined, 2)}\n` : doctorTable(document, colours));
  return exitCode(document);
}

async function fixed(
  found: DoctorDocument,
  looking: Parameters<typeof lookAgain>[1],
  { yes, ask, log, tell }: DoctorCommandOptions & { readonly tell: (line: string) => void },
): Promise<DoctorDocument> {
  const fixes = plannedFixes(found);
  if (fixes.length === 0) {
    tell("nothing that was found has a fix that is safe to be run");
    return { ...found, fixed: [] };
  }
  tell(["Safe to be run:", ...fixes.map((fix) => `  ${describeFix(fix)}`), ""].join("\n"));
  if (!yes) {
    const answer = await ask?.(fixes.length === 1 ? "Run it? [y/N] " : `Run these ${fixes.length}? [y/N] `);
    if (!/^y(es)?$/i.test(answer?.trim() ?? "")) {
      tell("nothing was run");
      return { ...found, fixed: [] };
    }
  }
  const done = await runFixes(fixes, { run, log, signal: looking.signal, tell });
  return { ...(await lookAgain(found, looking)), fixed: done };
}

function exitCode({ status, machine, fixed = [] }: DoctorDocument): number {
  if (status === "broken" || fixed.some(({ error }) => error !== undefined)) return ExitCode.failed;
  if (status === "not-enforced" || machine.some((one) => one.status === "warn")) return ExitCode.degraded;
  return ExitCode.healthy;
}

function usage(message: string, hint: string): StackError {
  return new StackError("usage", message, { hint, exit: ExitCode.usage });
}
