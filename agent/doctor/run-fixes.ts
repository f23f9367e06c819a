import { messageOf } from "../../lib/error.ts";
import type { Log } from "../../lib/log.ts";
import { commandLine, type Run } from "../../lib/run.ts";
import type { DoctorDocument, SafeFix } from "../../stack/documents/doctor.ts";

export type Fixed = NonNullable<DoctorDocument["fixed"]>[number];

/** A safe fix, and the finding that it is for. */
export interface PlannedFix extends SafeFix {
  readonly finding: string;
}

export function plannedFixes({ machine }: Pick<DoctorDocument, "machine">): readonly PlannedFix[] {
  return machine.flatMap(({ name, fixes = [] }) => fixes.map((fix) => ({ ...fix, finding: name })));
}

/** A fix as its operator is told of it, before it is run. */
export function describeFix({ finding, command, effect }: PlannedFix): string {
  return `${finding}: ${typed(command)}\n    ${effect}`;
}

export interface RunFixesOptions {
  readonly run: Run;
  readonly log: Log;
  readonly signal: AbortSignal;
  /** Told of each before it is run, and how it went. */
  readonly tell: (line: string) => void;
}

/** Milliseconds that one may take. */
const LONGEST = 5 * 60_000;

/** One after the other; one that fails keeps no other from being run. */
export async function runFixes(fixes: readonly PlannedFix[], options: RunFixesOptions): Promise<Fixed[]> {
  const { run, log, signal, tell } = options;
  const fixed: Fixed[] = [];
  for (const { finding, command } of fixes) {
    const [program = "", ...args] = command;
    tell(`${finding}: ${typed(command)}`);
    log("notice", `doctor --fix, ${finding}: ${typed(command)}`);
    try {
      await run(program, args, { signal, timeout: LONGEST });
      fixed.push({ finding, command });
    } catch (error) {
      if (signal.aborted) throw error;
      tell(`  failed: ${messageOf(error)}`);
      fixed.push({ finding, command, error: messageOf(error) });
    }
  }
  return fixed;
}

/** As it is typed: a line for the shell is shown as that. */
function typed([program = "", ...args]: readonly string[]): string {
  const [flag, line] = args;
  return program === "sh" && flag === "-c" && line !== undefined ? line : commandLine(program, args);
}
