import { Command } from "commander";
import { carryOut, readCommandLine, writeJson } from "../../lib/cli/command-line.ts";
import { interruptible } from "../../lib/cli/interruptible.ts";
import { bytesText } from "../../lib/cli/text.ts";
import { plainProgress } from "../../lib/progress/plain.ts";
import { projectFolder as project } from "../../lib/project-folder.ts";
import { buildDeb } from "../targets/deb/render.ts";
import { buildOptions } from "./build-options.ts";
import { cacheLimitOption, setOption } from "./layer-options.ts";

const help = `
For a plain Debian 12 host, or a container that was not made of the template. The package
holds the agent, the stack definition, the services' code and locks; Debian's packages and
the virtual environments are brought on the host, when it is provisioned:

  sudo apt install ./dist/stack-agent-stock-analysis_1.0.0_amd64.deb
  sudo stack-agent provision --plan           what would be done; nothing is
  sudo stack-agent provision
  sudo stack-agent reset                      takes it back; data only with --with-data

It is made of the same layers as the template, from the same cache.

Exit codes: 0 built, 1 a step failed, 64 unknown option or invalid stack.yaml, 130 Ctrl-C.
`;

interface DebFlags {
  readonly out: string;
  readonly offline?: true;
  readonly set?: readonly string[];
  readonly cacheLimit?: number;
  readonly json?: true;
}

/** `build-template deb [STACK.yaml]`. @returns the exit code */
export async function debCommand(argv: readonly string[]): Promise<number> {
  const command = new Command("build-template deb")
    .description("Builds a Debian package that makes a plain Debian 12 host the stack's.")
    .argument("[STACK.yaml]", "the stack definition (default: stack/stock-analysis.yaml)")
    .option("--out <dir>", "where the package goes", "dist")
    .addOption(setOption())
    .option("--offline", "build from what is cached, without asking the network")
    .addOption(cacheLimitOption())
    .option("--json", "print the result, or the error, as one JSON object")
    .addHelpText("after", help);
  const ended = readCommandLine(command, argv);
  if (ended !== undefined) return ended;
  const flags = command.opts<DebFlags>();
  return carryOut(flags.json === true, async () => {
    const options = await buildOptions(command.args[0], { ...flags, format: "zst", arch: "amd64" });
    const progress = plainProgress((line) => process.stderr.write(`${line}\n`));
    const result = await interruptible((signal) => buildDeb({ ...options, project }, progress, signal));
    if (flags.json) writeJson(result);
    else process.stdout.write(`\npackage   ${result.deb} (${bytesText(result.bytes)})\nsha256    ${result.sha256}\n`);
    return 0;
  });
}
