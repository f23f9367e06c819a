import { join, relative, resolve } from "node:path";
import { Command, CommanderError } from "commander";
import { describeError, ExitCode, errorDocument, isStackError } from "../../lib/error.ts";
import { projectFolder } from "../resources.ts";
import { type InitResult, init } from "./init.ts";

/** `build-template init [DIR] [--json]`. @returns the exit code */
export async function initCommand(argv: readonly string[]): Promise<number> {
  const program = new Command("build-template init")
    .description("Writes a commented start of a stack of your own.")
    .argument("[DIR]", "a new or empty folder", ".")
    .option("--json", "print the result, or the error, as one JSON object")
    .helpOption("--help", "print this and end")
    .exitOverride();
  try {
    program.parse([...argv], { from: "user" });
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : ExitCode.usage;
    throw error;
  }
  const { json } = program.opts<{ readonly json?: true }>();
  try {
    const result = await init(resolve(program.processedArgs[0] as string), projectFolder);
    process.stdout.write(json ? `${JSON.stringify(result, undefined, 2)}\n` : summary(result));
    return 0;
  } catch (error) {
    process.stderr.write(json ? `${JSON.stringify(errorDocument(error))}\n` : `${describeError(error)}\n`);
    return isStackError(error) ? error.exit : ExitCode.failed;
  }
}

function summary({ folder, files, next }: InitResult): string {
  const near = relative(process.cwd(), folder);
  const shown = near.startsWith("..") ? folder : near;
  return [
    ...files.map((file) => `  ${join(shown, file)}`),
    "",
    "Next:",
    ...next.map((command) => `  ${command}`),
    "",
  ].join("\n");
}
