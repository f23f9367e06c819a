import { Command } from "commander";
import { carryOut, readCommandLine, writeJson } from "../../lib/cli/command-line.ts";
import { bytesText } from "../../lib/cli/text.ts";
import { projectFolder as project } from "../../lib/project-folder.ts";
import { buildDeployer } from "../deployer/build-deployer.ts";

const help = `
The file holds deploy-template with all it needs, Node included, for the amd64 machine that a
Proxmox node is. There it deploys on the node itself, without a token and without SSH:

  build-template deployer
  scp dist/deploy-template_* root@pve1:deploy-template
  scp dist/debian-12-*.tar.gz root@pve1:
  ssh root@pve1 ./deploy-template debian-12-*.tar.gz --vmid 120

What it holds is unpacked once, into ~/.cache/deploy-template.

Exit codes: 0 built, 1 failed, 64 unknown option.
`;

interface DeployerFlags {
  readonly out: string;
  readonly json?: true;
}

/** `build-template deployer`. @returns the exit code */
export async function deployerCommand(argv: readonly string[]): Promise<number> {
  const command = new Command("build-template deployer")
    .description("Makes deploy-template one file that a Proxmox node runs without npm.")
    .option("--out <dir>", "where the file goes", "dist")
    .option("--json", "print the result, or the error, as one JSON object")
    .addHelpText("after", help);
  const ended = readCommandLine(command, argv);
  if (ended !== undefined) return ended;
  const flags = command.opts<DeployerFlags>();
  return carryOut(flags.json === true, async () => {
    const result = await buildDeployer({ project, out: flags.out });
    if (flags.json) writeJson(result);
    else process.stdout.write(`program   ${result.file} (${bytesText(result.bytes)})\nsha256    ${result.sha256}\n`);
    return 0;
  });
}
