import { Command, CommanderError } from "commander";
import { asksForJson, tellError, tellUsage } from "../../lib/cli/tell-error.ts";
import { ExitCode } from "../../lib/error.ts";
import about from "../../package.json" with { type: "json" };
import { agentExamples, agentExitCodes, agentFiles, agentSummary } from "../../stack/components/agent/commands.ts";
import { exampleLines } from "./example-lines.ts";
import { helpRows } from "./help-rows.ts";

/**
 * Reads the command line by the commands that `register` makes known, and carries out the one it names.
 *
 * @param register says of each command what it does; `end` is given its exit code
 * @returns the exit code; an error is told
 */
export async function carryOut(
  args: readonly string[],
  register: (root: Command, end: (code: number) => void) => void,
): Promise<number> {
  let code: number = ExitCode.healthy;
  const root = rootCommand();
  register(root, (result) => {
    code = result;
  });
  try {
    await root.parseAsync([...args], { from: "user" });
    return code;
  } catch (error) {
    if (!(error instanceof CommanderError)) return tellError(error, asksForJson(args));
    return error.exitCode === 0 ? ExitCode.healthy : tellUsage(error.message, args);
  }
}

function rootCommand(): Command {
  return new Command("stack-agent")
    .description(agentSummary)
    .version(about.version)
    .exitOverride()
    .showHelpAfterError("(stack-agent --help tells more)")
    .addHelpText(
      "after",
      [
        ...exampleLines(agentExamples),
        ...["", "Exit codes:", ...helpRows(agentExitCodes)],
        ...["", "Files:", ...helpRows(agentFiles)],
        ...["", "stack-agent help COMMAND tells more of each command."],
      ].join("\n"),
    );
}
