import { join, relative, resolve } from "node:path";
import { Command } from "commander";
import { carryOut, readCommandLine, writeJson } from "../../lib/cli/command-line.ts";
import { type InitResult, init } from "../init/init.ts";

/** `build-template init [DIR] [--json]`. @returns the exit code */
export async function initCommand(argv: readonly string[]): Promise<number> {
  const program = new Command("build-template init")
    .description("Writes a commented start of a stack of your own.")
    .argument("[DIR]", "a new or empty folder", ".")
    .option("--json", "print the result, or the error, as one JSON object");
  const ended = readCommandLine(program, argv);
  if (ended !== undefined) return ended;
  const { json } = program.opts<{ readonly json?: true }>();
  return carryOut(json === true, async () => {
    const result = await init(resolve(program.processedArgs[0] as string));
    if (json) writeJson(result);
    else process.stdout.write(summary(result));
    return 0;
  });
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
