import { Command, Option } from "commander";
import { carryOut, readCommandLine, secondsArgument, writeJson } from "../../lib/cli/command-line.ts";
import { interruptible } from "../../lib/cli/interruptible.ts";
import { ExitCode, StackError } from "../../lib/error.ts";
import { run } from "../../lib/run.ts";
import type { ReleaseChangeDocument } from "../../stack/documents/releases.ts";
import { packService } from "../service/pack-service.ts";
import { type Shell, shipService } from "../service/ship-service.ts";
import { knownHostsFiles } from "../ssh/host-trust.ts";
import { ownLogin } from "../ssh/login.ts";
import { openSsh } from "../ssh/open-ssh.ts";
import { sshAddress } from "../ssh/ssh-address.ts";
import { openNodeShell } from "../transports/shell/open-shell.ts";
import { askSecretly } from "./ask.ts";
import { type NodeFlags, required, settingOf, settingOptions, shownProgress } from "./options.ts";
import { vmidArgument } from "./vmid-argument.ts";
import { chooseWay, whoAsks } from "./who-asks.ts";

const help = `
FOLDER has the service's modules and requirements.lock, with hashes, as services.NAME.source of
the stack.yaml has. It is sent, made a release beside those that are there, and put in force in one
step; no connection is refused. A release that is not healthy in time is taken back, and what it
wrote to its journal is shown. In the container: stack-agent service ls, releases, rollback.

Ways: over SSH to the node (--to root@pve1 --vmid 120), on the node itself (--vmid 120), or
straight into the container, or to a plain host (--host root@10.1.1.120). The node's REST API
runs no command in a container: for a token use --host.

Examples:
  deploy-template service event-bus services/event-bus --to root@pve1 --vmid 120
  deploy-template service event-bus services/event-bus --host root@10.1.1.120
  deploy-template service event-bus services/event-bus --to root@pve1 --vmid 120 --wheels wheels

Exit codes: 0 in force; 1 refused or taken back, and the release before runs; 64 unknown option, or
a way that runs no command; 130 interrupted by Ctrl-C.
`;

interface ServiceFlags extends NodeFlags {
  readonly host?: string;
  readonly wheels?: string;
}

const used = new Set(["deploy.to", "deploy.via", "deploy.fingerprint"]);

/** `deploy-template service NAME FOLDER`. @returns the exit code */
export async function serviceCommand(argv: readonly string[]): Promise<number> {
  const command = new Command("deploy-template service")
    .description("Ships a new release of a service into a container that runs.")
    .argument("<NAME>", "the service's name in the definition")
    .argument("<FOLDER>", "the service's folder here");
  settingOptions(command, ({ path }) => used.has(path))
    .option("--vmid <id>", "the container's id")
    .option("--host <user@server>", "the container itself, or a plain host, over SSH; in the place of --to")
    .option("--identity <file>", "a private key (else: the agent's, ~/.ssh/id_*, or you are asked)")
    .option("--wheels <folder>", "packages to send along, where there is no package index")
    .addOption(
      new Option("--timeout <seconds>", "for the release to be healthy").argParser(secondsArgument).default(60),
    )
    .option("--json", "print the result, or the error, as one JSON object")
    .addHelpText("after", help);
  const ended = readCommandLine(command, argv);
  if (ended !== undefined) return ended;
  const flags = command.opts<ServiceFlags>();
  const [service = "", folder = ""] = command.args;
  return carryOut(flags.json === true, () =>
    interruptible(
      (signal) => perform(service, folder, flags, signal),
      "stopped; stack-agent service ls tells which release is in force",
    ),
  );
}

async function perform(service: string, folder: string, flags: ServiceFlags, signal: AbortSignal): Promise<number> {
  const progress = await shownProgress(flags.json === true);
  const { shell, vmid, close } = await open(flags, signal);
  try {
    const packed = await packService(folder, flags.wheels, { run, signal });
    try {
      const shipped = await shipService({ shell, vmid, service, packed, patience: flags.timeout, progress });
      if (flags.json) writeJson(shipped);
      else process.stdout.write(shippedText(shipped));
      return ExitCode.healthy;
    } finally {
      await packed.remove();
    }
  } finally {
    close();
  }
}

interface Opened {
  readonly shell: Shell;
  readonly vmid?: number;
  readonly close: () => void;
}

async function open(flags: ServiceFlags, signal: AbortSignal): Promise<Opened> {
  const fingerprint = settingOf({ ...flags }, "deploy.fingerprint");
  if (flags.host !== undefined) return openHost(flags, fingerprint, signal);
  const way = await chooseWay(flags, process.env);
  if (way === "api") {
    throw usage(
      "no-command-by-api",
      "a node's REST API runs no command in a container",
      "--to root@pve1 --vmid 120 over SSH; on the node itself without --to; or --host root@CONTAINER straight into it",
    );
  }
  const vmid = vmidArgument(required(flags.vmid, "--vmid", "120"));
  const access = await whoAsks(flags);
  if (access.kind !== "ssh" && access.kind !== "local") throw new TypeError("the way is no shell's");
  const to = access.kind === "local" ? "" : required(settingOf({ ...flags }, "deploy.to"), "--to", "root@pve1");
  const { shell } = await openNodeShell({ to, fingerprint, signal }, access);
  return { shell, vmid, close: () => shell.close() };
}

async function openHost(flags: ServiceFlags, fingerprint: string | undefined, signal: AbortSignal): Promise<Opened> {
  const { host = "", identity } = flags;
  for (const [flag, value] of Object.entries({ "--to": flags.to, "--via": flags.via, "--vmid": flags.vmid })) {
    if (value !== undefined) throw usage("other-way", `${flag} means nothing to --host`, "one of the two");
  }
  const address = sshAddress(host);
  if (address === undefined) throw usage("bad-address", `--host: ${host} is no address for SSH`, "--host root@server");
  const ask = process.stdin.isTTY && process.stderr.isTTY ? askSecretly : undefined;
  const login = ownLogin(process.env, { identities: identity === undefined ? [] : [identity], ask });
  const ssh = await openSsh({
    ...{ ...address, login, signal },
    trust: { fingerprint, knownHosts: knownHostsFiles(process.env) },
  });
  const asRoot = (argv: readonly string[]) => (address.user === "root" ? argv : ["sudo", "-n", ...argv]);
  const shell: Shell = {
    where: ssh.where,
    exec: (argv, more) => ssh.exec(asRoot(argv), more),
    execWithFile: ({ path, remote }, argv, more) => ssh.execWithFile({ path, remote }, asRoot(argv), more),
  };
  return { shell, close: () => ssh.close() };
}

function shippedText({ service, release, changed, previous, seconds }: ReleaseChangeDocument): string {
  if (!changed) return `${service} has release ${release} already: nothing to do\n`;
  return `${service} has release ${release}, in the place of ${previous}, after ${seconds.toFixed(1)} s\n`;
}

function usage(code: string, message: string, hint: string): StackError {
  return new StackError(code, message, { hint, exit: ExitCode.usage });
}
