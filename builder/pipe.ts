import type { Readable } from "node:stream";
import { $, type ProcessOutput } from "zx";
import { StackError } from "../lib/error.ts";
import { commandLine, tail } from "../lib/run.ts";

/** Runs a command with its output appended to a file. Paths and arguments are quoted by zx. */
export function pipeToFile(command: readonly string[], file: string, signal: AbortSignal): Promise<void> {
  return settled(command, signal, shell(signal)`${[...command]} >> ${file}`);
}

/** Runs a filter (a compressor): bytes in, its output appended to a file. */
export async function filterToFile(
  input: Readable,
  command: readonly string[],
  file: string,
  signal: AbortSignal,
): Promise<void> {
  // zx does not pass on an error of the input; the filter would wait for more for ever.
  const failed = new Promise<never>((_, reject) => input.once("error", reject));
  const stop = new AbortController();
  const filter = shell(AbortSignal.any([signal, stop.signal]), input)`${[...command]} >> ${file}`;
  try {
    await Promise.race([settled(command, signal, filter), failed]);
  } finally {
    stop.abort();
  }
}

function shell(signal: AbortSignal, input?: Readable) {
  return $({ quiet: true, nothrow: true, signal, ...(input && { input }), stdio: ["pipe", "pipe", "pipe"] });
}

async function settled(
  command: readonly string[],
  signal: AbortSignal,
  running: Promise<ProcessOutput>,
): Promise<void> {
  const [name = "", ...args] = command;
  const output = await running;
  if (signal.aborted) throw new StackError("aborted", `${name} was stopped`, { cause: signal.reason, exit: 130 });
  if (output.exitCode === 0) return;
  throw new StackError("command-failed", `${commandLine(name, args)} ended with exit code ${output.exitCode}`, {
    detail: tail(output.stderr),
  });
}
