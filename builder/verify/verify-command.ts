import { hostname } from "node:os";
import { rootCertificates } from "node:tls";
import { Command, Option } from "commander";
import { carryOut, readCommandLine, writeJson } from "../../lib/cli/command-line.ts";
import { ExitCode, StackError } from "../../lib/error.ts";
import { readTextIfAny } from "../../lib/files.ts";
import { run } from "../../lib/run.ts";
import type { MachineTraits } from "./probes/machine.ts";
import { reportText } from "./report.ts";
import type { Trust } from "./signature.ts";
import { verify } from "./verify.ts";

const help = `
Checked are: the name; the checksum, against FILE.sha256 and the manifest beside it; the
signature FILE.sig; that the archive is whole and follows the rules of pct create; that
Proxmox will recognise the system in it; that no identity and no secret is baked in.
Nothing is unpacked and nothing is written.

Examples:
  build-template verify dist/debian-12-stock-analysis_1.0.0-3f2a91bc_amd64.tar.gz
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
    .description("Says whether a template is what it should be, a line a check.")
    .argument("<FILE>", "the template")
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
    const report = await verify({
      file: command.args[0] ?? "",
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

function trustOf({ signers, key, identity }: Flags): Trust | undefined {
  if (key !== undefined) return { kind: "key", path: key };
  if (signers === undefined && identity !== undefined) {
    throw new StackError("usage", "--identity is one of a list", { exit: ExitCode.usage, hint: "add --signers FILE" });
  }
  if (signers === undefined) return undefined;
  return { kind: "signers", path: signers, ...(identity !== undefined && { identity }) };
}

/** Of the machine this runs on, which may be the one that built the template. */
export async function machineTraits(): Promise<MachineTraits> {
  const bundle = process.env.SSL_CERT_FILE ?? "/etc/ssl/certs/ca-certificates.crt";
  const authorities = (await readTextIfAny(bundle)) ?? "";
  return { hostname: hostname(), authorities, publicAuthorities: rootCertificates };
}
