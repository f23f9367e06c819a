import { isStackError, StackError } from "../error.ts";
import { type Run, type RunOptions, type RunResult, tail } from "../run.ts";
import { type AptHints, explainApt } from "./explain-apt.ts";

/**
 * Runs one of apt's programs in the language that its words are known in.
 *
 * @throws StackError what `explainApt` makes of its words, else what `run` throws
 */
export async function runApt(
  run: Run,
  program: string,
  args: readonly string[],
  { hints, ...options }: RunOptions & { readonly hints: AptHints },
): Promise<RunResult> {
  // A command's error holds its last lines only; a mirror may lack more files than that.
  const lines: string[] = [];
  const errors: string[] = [];
  try {
    return await run(program, args, {
      ...options,
      env: { ...(options.env ?? process.env), LC_ALL: "C" },
      onLine: (line, stream) => {
        lines.push(line);
        if (stream === "stderr") errors.push(line);
        options.onLine?.(line, stream);
      },
    });
  } catch (error) {
    if (!isStackError(error) || error.code !== "command-failed") throw error;
    // Which packages don't fit each other stands in its output.
    const whole = new StackError(error.code, error.message, { detail: tail(lines.join("\n")) });
    throw explainApt(whole, errors, hints);
  }
}
