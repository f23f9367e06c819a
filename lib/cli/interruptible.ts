import { ExitCode, StackError } from "../error.ts";

/** Ctrl-C and SIGTERM end the running commands; what must go is gone before the program ends. */
export async function interruptible<T>(
  use: (signal: AbortSignal) => Promise<T>,
  message: string | (() => string) = "stopped; nothing is left behind",
): Promise<T> {
  const controller = new AbortController();
  let exit: number | undefined;
  const stop = (name: NodeJS.Signals): void => {
    exit ??= name === "SIGINT" ? ExitCode.interrupted : ExitCode.terminated;
    controller.abort(`received ${name}`);
  };
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
  for (const name of signals) process.on(name, stop);
  try {
    return await use(controller.signal);
  } catch (error) {
    if (exit === undefined) throw error;
    throw new StackError("aborted", typeof message === "string" ? message : message(), { exit });
  } finally {
    for (const name of signals) process.off(name, stop);
  }
}
