import { join, relative, resolve } from "node:path";
import { Command, Option } from "commander";
import { carryOut, readCommandLine, writeJson } from "../../lib/cli/command-line.ts";
import { portArgument } from "../../lib/cli/port-argument.ts";
import { type InitResult, init } from "../init/init.ts";
import { initService } from "../init/init-service.ts";

const help = `
With --service: a service with FastAPI, the event store, a read model, a consumer, its tests, in
services/NAME beside the stack.yaml in DIR, which it is added to. Where DIR has none it is DIR/NAME.

Examples:
  build-template init my-stack
  build-template init my-stack --service price-feed --port 8006
`;

interface InitFlags {
  readonly service?: string;
  readonly port?: number;
  readonly json?: true;
}

/** `build-template init [DIR] [--service NAME [--port PORT]] [--json]`. @returns the exit code */
export async function initCommand(argv: readonly string[]): Promise<number> {
  const program = new Command("build-template init")
    .description("Writes a commented start of a stack of your own, or of a service of it.")
    .argument("[DIR]", "a new or empty folder; with --service the stack's", ".")
    .option("--service <name>", "write a service, not a stack")
    .addOption(new Option("--port <port>", "the service's; default the next that is free").argParser(portArgument))
    .option("--json", "print the result, or the error, as one JSON object")
    .addHelpText("after", help);
  const ended = readCommandLine(program, argv);
  if (ended !== undefined) return ended;
  const { json, service, port } = program.opts<InitFlags>();
  const folder = resolve(program.processedArgs[0] as string);
  return carryOut(json === true, async () => {
    const result = service === undefined ? await init(folder) : await initService(folder, { name: service, port });
    if (json) writeJson(result);
    else process.stdout.write(summary(result));
    return 0;
  });
}

function summary({ folder, files, next, section }: InitResult & { readonly section?: string }): string {
  const near = relative(process.cwd(), folder);
  const shown = near.startsWith("..") ? folder : near;
  return [
    ...files.map((file) => `  ${join(shown, file)}`),
    ...(section === undefined ? [] : ["", "In stack.yaml, below services:", section.trimEnd()]),
    "",
    "Next:",
    ...next.map((command) => `  ${command}`),
    "",
  ].join("\n");
}
