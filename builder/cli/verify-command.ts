import { Command, Option } from "commander";
import { carryOut, readCommandLine, writeJson } from "../../lib/cli/command-line.ts";
import { ExitCode, StackError } from "../../lib/error.ts";
import { run } from "../../lib/run.ts";
import type { Target } from "../build/target.ts";
import { defaultTarget, targets } from "../targets/index.ts";
import { machineTraits } from "../verify/machine-traits.ts";
import { reportText } from "../verify/report-text.ts";
import type { Trust } from "../verify/signature-check.ts";

const help = `
Checked are: the name; the checksum, against FILE.sha256 and the manifest beside it; the
signature FILE.sig; that the archive is whole and follows the rules of pct create; that
Proxmox will recognise the system in it; that no identity and no secret is baked in.
Nothing is unpacked and nothing is written. Of a package that build-template deb made: that
it is named as it calls itself, that its files are those of its own list and root's; the rest
as in a template. Of a release: that its signature is good, and this workstation's, and that
its content is what was signed. Of images: that each blob is what it is named, that nothing is
missing, and that layers unpack to what the images say.

Examples:
  build-template verify dist/debian-12-stock-analysis_1.0.0-3f2a91bc_amd64.tar.gz
  build-template verify dist/stack-agent-stock-analysis_1.0.0_amd64.deb
  build-template verify FILE --key builder.pub         one key that you trust
  build-template verify FILE --signers allowed_signers a list, as ssh-keygen(1) has it

Exit codes: 0 all that was checked is ok, 1 something is not, 64 unknown option or no such file.
`;

interface Flags {
  readonly signers?: string;
  readonly key?: string;
  readonly identity?: string;
  readonly json?: true;
}

/**
 * `build-template verify FILE`.
 *
 * @param argv what comes after `verify`
 * @returns the exit code
 */
export async function verifyCommand(argv: readonly string[]): Promise<number> {
  const command = new Command("build-template verify")
    .description("Says whether a template or package is what it should be, a line a check.")
    .argument("<FILE>", "the template, a .deb, a .stack-release or an .oci.tar")
    .addOption(new Option("--signers <file>", "allowed signers; a signature is then needed").conflicts("key"))
    .option("--key <pub>", "the public key that must have signed it")
    .option("--identity <name>", "who of the allowed signers must have signed it")
    .option("--json", "print the report, or the error, as one JSON object")
    .addHelpText("after", help);
  const ended = readCommandLine(command, argv);
  if (ended !== undefined) return ended;
  const flags = command.opts<Flags>();
  return carryOut(flags.json === true, async () => {
    const trust = trustOf(flags);
    const file = command.args[0] ?? "";
    const report = await targetOf(file).verify({
      file,
      ...(trust && { trust }),
      machine: await machineTraits(),
      run,
      signal: new AbortController().signal,
    });
    if (flags.json) writeJson(report);
    else process.stdout.write(reportText(report));
    return report.status === "pass" ? 0 : ExitCode.failed;
  });
}

/** Whose artefact a file is, by its name; of any other name it can be but a template. */
function targetOf(file: string): Target {
  return targets.find(({ verifies }) => verifies.test(file)) ?? defaultTarget;
}

function trustOf({ signers, key, identity }: Flags): Trust | undefined {
  if (key !== undefined) return { kind: "key", path: key };
  if (signers === undefined && identity !== undefined) {
    throw new StackError("usage", "--identity is one of a list", { exit: ExitCode.usage, hint: "add --signers FILE" });
  }
  if (signers === undefined) return undefined;
  return { kind: "signers", path: signers, ...(identity !== undefined && { identity }) };
}
