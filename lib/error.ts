/**
 * The one error that crosses a room. Every other throw is a bug.
 *
 * - `code`: stable, kebab-case, for programs (`missing-tool`, `definition-invalid`).
 * - `message`: what happened, one sentence, no trailing period needed.
 * - `hint`: what to do about it, with the command that helps.
 * - `exit`: the process's exit code when it reaches a CLI (docs/exit-codes.md).
 */
export class StackError extends Error {
  readonly code: string;
  readonly hint: string | undefined;
  readonly exit: number;
  /** Last lines of a command's output, or a list of single faults, one a line. */
  readonly detail: readonly string[];

  constructor(code: string, message: string, options: StackErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "StackError";
    this.code = code;
    this.hint = options.hint;
    this.exit = options.exit ?? ExitCode.failed;
    this.detail = options.detail ?? [];
  }
}

export interface StackErrorOptions {
  readonly hint?: string | undefined;
  readonly cause?: unknown;
  readonly exit?: number;
  readonly detail?: readonly string[];
}

/** Exit codes of all three programs. 64 and 69 are sysexits' EX_USAGE and EX_UNAVAILABLE; 130 is 128 + SIGINT. */
export const ExitCode = {
  healthy: 0,
  failed: 1,
  degraded: 2,
  working: 3,
  usage: 64,
  unavailable: 69,
  interrupted: 130,
  terminated: 143,
} as const;

/** By its name: each bundle that a program loads has a class of its own (builder/layers/stack-agent). */
export function isStackError(error: unknown): error is StackError {
  return error instanceof Error && error.name === "StackError";
}

/** True for node's system errors of one of the given codes, e.g. `isErrno(e, "ENOENT")`. */
export function isErrno(error: unknown, ...codes: string[]): error is NodeJS.ErrnoException {
  return error instanceof Error && "code" in error && codes.includes(String(error.code));
}

/** A short text for any thrown value; never a stack. */
export function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  // AggregateError of a refused connection on ::1 and 127.0.0.1 has an empty message.
  if (error.message === "" && error instanceof AggregateError) {
    return error.errors.map(messageOf).join("; ");
  }
  return error.message;
}

/** An error as the JSON every program prints with `--json`. */
export function errorDocument(error: unknown): ErrorDocument {
  if (!isStackError(error)) return { code: "internal", message: messageOf(error), detail: [] };
  return {
    code: error.code,
    message: error.message,
    ...(error.hint === undefined ? {} : { hint: error.hint }),
    ...(error.cause === undefined ? {} : { cause: messageOf(error.cause) }),
    detail: error.detail,
  };
}

export interface ErrorDocument {
  readonly code: string;
  readonly message: string;
  readonly hint?: string;
  readonly cause?: string;
  readonly detail: readonly string[];
}

/** An error as a person reads it on a terminal: message, cause, detail lines, hint. */
export function describeError(error: unknown): string {
  if (!isStackError(error)) {
    return `error: ${messageOf(error)}${error instanceof Error && error.stack ? `\n${error.stack}` : ""}`;
  }
  const lines = [`error: ${error.message} [${error.code}]`];
  if (error.cause !== undefined) lines.push(`cause: ${messageOf(error.cause)}`);
  lines.push(...error.detail.map((line) => `  ${line}`));
  if (error.hint !== undefined) lines.push(`hint:  ${error.hint}`);
  return lines.join("\n");
}
