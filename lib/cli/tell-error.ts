import { describeError, ExitCode, errorDocument, isStackError, StackError } from "../error.ts";

/** Whether a command line asks for one JSON object: `--json`, `--format json`. */
export function asksForJson(argv: readonly string[]): boolean {
  return /(^|\n)--(json|format[=\n]json)(\n|$)/.test(argv.join("\n"));
}

/**
 * An error as people read it on standard error; for who asked for JSON it is the one document on
 * standard output too.
 *
 * @returns the exit code
 */
export function tellError(error: unknown, json: boolean): number {
  if (json) process.stdout.write(`${JSON.stringify(errorDocument(error), undefined, 2)}\n`);
  process.stderr.write(`${describeError(error)}\n`);
  return isStackError(error) ? error.exit : ExitCode.failed;
}

/**
 * A command line that commander can't read. People were told by itself already.
 *
 * @param message commander's: "error: unknown option '--nonsense'"
 * @returns the exit code
 */
export function tellUsage(message: string, argv: readonly string[]): number {
  if (asksForJson(argv)) {
    const error = new StackError("usage", message.replace(/^error: /, ""), { hint: "--help", exit: ExitCode.usage });
    process.stdout.write(`${JSON.stringify(errorDocument(error), undefined, 2)}\n`);
  }
  return ExitCode.usage;
}
