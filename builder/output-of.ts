import type { Readable } from "node:stream";
import { $, type ProcessOutput } from "zx/core";
import { StackError } from "../lib/error.ts";
import { commandLine, tail } from "../lib/run.ts";

/** What a command writes, as it comes. Paths and arguments are quoted by zx. @throws StackError `command-failed` */
export async function* outputOf(command: readonly string[], signal: AbortSignal): AsyncGenerator<Buffer> {
  const stop = new AbortController();
  const running = shell(AbortSignal.any([signal, stop.signal]))`exec ${[...command]}`;
  try {
    yield* running.stdout as AsyncIterable<Buffer>;
    await settled(command, signal, running);
  } finally {
    stop.abort();
    await running;
  }
}

/** Gives bytes to a command and waits for it. */
export async function inputTo(input: Readable, command: readonly string[], signal: AbortSignal): Promise<void> {
  // zx does not pass on an error of the input; the command would wait for more for ever.
  const failed = new Promise<never>((_, reject) => input.once("error", reject));
  const stop = new AbortController();
  const running = shell(AbortSignal.any([signal, stop.signal]), input)`exec ${[...command]}`;
  try {
    await Promise.race([settled(command, signal, running), failed]);
  } finally {
    stop.abort();
  }
}

/** zx keeps a copy of all output; an archive's would fill the memory. */
const keepNothing = (): string[] => Object.assign([], { push: () => 0 });

function shell(signal: AbortSignal, input?: Readable) {
  const store = { stdout: keepNothing(), stderr: [], stdall: keepNothing() };
  return $({ quiet: true, nothrow: true, signal, store, ...(input && { input }), stdio: ["pipe", "pipe", "pipe"] });
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
