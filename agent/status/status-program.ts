import type { Command } from "commander";
import { carryOut } from "../cli/carry-out.ts";
import { commandOf } from "../cli/command-of.ts";

/**
 * `stack-agent status` and no other command: people call it again and again, so it is read alone.
 *
 * @returns the exit code; its error is told
 */
export function statusProgram(args: readonly string[]): Promise<number> {
  return carryOut(args, registerStatus);
}

export function registerStatus(root: Command, end: (code: number) => void): void {
  commandOf(root, "status").action(
    async (options: { wait?: boolean; watch?: boolean; timeout: number; format: string; json?: boolean }) =>
      end(await (await import("./status-command.ts")).statusCommand(options)),
  );
}
