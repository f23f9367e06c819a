import { ExitCode, StackError } from "../../lib/error.ts";
import type { Problem, Stage } from "../stage.ts";

/** A stage's problems as one error, `detail` a line each; undefined where there are none. */
export function problemError(problems: readonly Problem[]): StackError | undefined {
  const [first] = problems;
  if (first === undefined) return undefined;
  return new StackError(first.code, first.message, {
    detail: problems.map((problem) => `${problem.message} [${problem.code}]`),
    hint: [...new Set(problems.map((problem) => problem.hint))].join("; "),
    ...(problems.every(({ waits }) => waits) && { exit: ExitCode.working }),
  });
}

/** Whether the stage only waits for somebody, and nothing is wrong. */
export function isWaiting(error: StackError): boolean {
  return error.exit === ExitCode.working;
}

/** A stage, and what it has against this machine. */
export interface Refused {
  readonly stage: Stage;
  readonly error: StackError;
}

/** What all stages have against this machine as one error, `preflight`; undefined where they have nothing. */
export function preflightError(refused: readonly Refused[]): StackError | undefined {
  if (refused.length === 0) return undefined;
  return new StackError("preflight", "this machine can't take the stack as it is; nothing was changed", {
    detail: refused.flatMap(({ stage, error }) => error.detail.map((line) => `${stage.id}: ${line}`)),
    hint: [...new Set(refused.map(({ error }) => error.hint))].join("; "),
  });
}
