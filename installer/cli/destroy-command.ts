import { Command, Option } from "commander";
import { carryOut, readCommandLine, secondsArgument, writeJson } from "../../lib/cli/command-line.ts";
import { interruptible } from "../../lib/cli/interruptible.ts";
import { ExitCode, StackError } from "../../lib/error.ts";
import { type Doomed, destroy, doomed } from "../flow/destroy.ts";
import { connect } from "../node/connect.ts";
import { ask } from "./ask.ts";
import {
  accessOptions,
  defaultAbsence,
  type NodeFlags,
  required,
  settingOf,
  settingOptions,
  shownProgress,
  writeLine,
} from "./options.ts";
import { vmidArgument } from "./vmid-argument.ts";
import { whoAsks } from "./who-asks.ts";

const help = `
Only a container that deploy-template made, which its tag says, is deleted. The volumes that
would go with it are named, and the container's name is asked for, unless --yes. What was
granted on /vms/ID goes with it too; what was granted on /vms or on its pool stays.

Examples:
  deploy-template destroy --to pve1 --vmid 120 --token-file ~/.proxmox-token
  deploy-template destroy --to root@pve1 --vmid 120         over SSH
  deploy-template destroy --to pve1 --vmid 120 --dry-run
  deploy-template destroy --to pve1 --vmid 120 --yes

Exit codes: 0 deleted, or there was none; 1 failed or not ours; 64 unknown option, or nobody
to ask; 130 interrupted by Ctrl-C.
`;

interface DestroyFlags extends NodeFlags {
  readonly yes?: true;
  readonly dryRun?: true;
}

const used = new Set(["deploy.to", "deploy.via", "deploy.node", "deploy.fingerprint"]);

/** `deploy-template destroy`. @returns the exit code */
export async function destroyCommand(argv: readonly string[]): Promise<number> {
  const command = new Command("deploy-template destroy").description(
    "Deletes a container that deploy-template made, with its volumes.",
  );
  accessOptions(settingOptions(command, ({ path }) => used.has(path)))
    .option("--vmid <id>", "the container's id")
    .option("--yes", "don't ask for the container's name")
    .option("--dry-run", "tell what would be deleted, and change nothing")
    .addOption(new Option("--timeout <seconds>", "for each task on the node").argParser(secondsArgument).default(600))
    .option("--json", "print the result, or the error, as one JSON object")
    .addHelpText("after", help);
  const ended = readCommandLine(command, argv);
  if (ended !== undefined) return ended;
  const flags = command.opts<DestroyFlags>();
  return carryOut(flags.json === true, () =>
    interruptible((signal) => perform(flags, signal), "stopped; the same command carries on"),
  );
}

async function perform(flags: DestroyFlags, signal: AbortSignal): Promise<number> {
  const given = { ...flags } as Readonly<Record<string, unknown>>;
  const vmid = vmidArgument(required(flags.vmid, "--vmid", "120"));
  const credentials = await whoAsks(flags);
  const to = credentials.kind === "local" ? "" : required(settingOf(given, "deploy.to"), "--to", "pve1");
  if (to.includes(",")) {
    throw new StackError("several-nodes", "destroy takes one node at a time", { exit: ExitCode.usage });
  }
  const { node, transport } = await connect({
    ...{ to, credentials, signal, caFile: flags.caFile },
    node: settingOf(given, "deploy.node"),
    fingerprint: settingOf(given, "deploy.fingerprint"),
  });
  try {
    const found = await doomed(node, vmid);
    const document = { schemaVersion: 1, node: node.name, vmid, volumes: found?.volumes ?? [] };
    const tell = (line: string): void => void (flags.json ? undefined : process.stdout.write(`${line}\n`));
    if (found === undefined) {
      if (flags.json) writeJson({ ...document, destroyed: false });
      tell(`there is no container ${vmid}: nothing to do`);
      return 0;
    }
    for (const line of ["this would be deleted:", ...found.volumes.map((volume) => `  ${volume}`)]) writeLine(line);
    if (flags.dryRun) {
      if (flags.json) writeJson({ ...document, destroyed: false });
      tell("nothing was changed");
      return 0;
    }
    if (!flags.yes) await confirm(found);
    const lost = await destroy(node, found, {
      progress: await shownProgress(flags.json === true),
      signal,
      ...{ timeout: flags.timeout * 1000, absence: defaultAbsence },
      onWarning: (line) => writeLine(`warning: ${line}`),
    });
    if (lost.length > 0) {
      writeLine(`warning: what ${node.user} was granted on /vms/${vmid} went with it: ${lost.join(" ")}`);
      writeLine("granted on /vms, or on /pool/NAME with --pool NAME, it stays for the next one");
    }
    if (flags.json) writeJson({ ...document, destroyed: true });
    tell(`container ${vmid} is deleted`);
    return 0;
  } finally {
    await transport.close();
  }
}

async function confirm({ guest }: Doomed): Promise<void> {
  const name = guest.name ?? String(guest.vmid);
  if (!process.stdin.isTTY) {
    throw new StackError("no-terminal", `there is nobody to ask whether ${name} may be deleted`, {
      hint: "--yes",
      exit: ExitCode.usage,
    });
  }
  const answer = await ask(`Type its name (${name}) to delete container ${guest.vmid}: `);
  if (answer.trim() === name) return;
  throw new StackError("not-confirmed", "that was not its name; nothing was changed");
}
