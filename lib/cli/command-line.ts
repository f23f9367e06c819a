import { type Command, CommanderError, InvalidArgumentError } from "commander";
import { interruptible } from "./interruptible.ts";
import { tellError, tellUsage } from "./tell-error.ts";

/** Reads a command line. @returns the exit code where there is nothing more to do: help was asked for, or it is wrong */
export function readCommandLine(command: Command, argv: readonly string[]): number | undefined {
  try {
    command
      .exitOverride()
      .helpOption("--help", "print this and end")
      .parse([...argv], { from: "user" });
    return undefined;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : tellUsage(error.message, argv);
    throw error;
  }
}

/** Carries a command out, or tells its error. @returns the exit code */
export async function carryOut(json: boolean, use: () => Promise<number>): Promise<number> {
  try {
    return await use();
  } catch (error) {
    return tellError(error, json);
  }
}

/**
 * The same for what can be stopped half way: what is left then is said by the work itself.
 *
 * @param use gets what tells of that
 */
export function carryOutInterruptibly(
  json: boolean,
  use: (signal: AbortSignal, onLeft: (text: string) => void) => Promise<number>,
): Promise<number> {
  let left = "nothing was changed";
  const onLeft = (text: string): void => {
    left = text;
  };
  return carryOut(json, () =>
    interruptible(
      (signal) => use(signal, onLeft),
      () => `stopped; ${left}`,
    ),
  );
}

export function writeJson(document: unknown): void {
  process.stdout.write(`${JSON.stringify(document, undefined, 2)}\n`);
}

/** An option's value in days, in milliseconds. */
export function daysArgument(text: string): number {
  if (!/^\d{1,5}(\.\d+)?$/.test(text)) throw new InvalidArgumentError("must be a number of days, e.g. 30.");
  return Number(text) * 86_400_000;
}

/** An option's value in seconds. */
export function secondsArgument(text: string): number {
  if (!/^[1-9]\d{0,4}$/.test(text)) throw new InvalidArgumentError("must be whole seconds, e.g. 60.");
  return Number(text);
}
