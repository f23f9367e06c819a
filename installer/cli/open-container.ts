import type { Command } from "commander";
import { ExitCode, StackError } from "../../lib/error.ts";
import type { Shell } from "../service/ship-service.ts";
import { knownHostsFiles } from "../ssh/host-trust.ts";
import { ownLogin } from "../ssh/login.ts";
import { openSsh } from "../ssh/open-ssh.ts";
import { sshAddress } from "../ssh/ssh-address.ts";
import { openNodeShell } from "../transports/shell/open-shell.ts";
import { askForSecret } from "./ask.ts";
import { type NodeFlags, required, settingOf, settingOptions } from "./options.ts";
import { vmidArgument } from "./vmid-argument.ts";
import { chooseWay, whoAsks } from "./who-asks.ts";

/** What names a container that runs, and the way into it. */
export interface ContainerFlags extends NodeFlags {
  readonly host?: string;
}

const used = new Set(["deploy.to", "deploy.via", "deploy.fingerprint"]);

/** Adds the options of ContainerFlags. */
export function containerOptions(command: Command): Command {
  return settingOptions(command, ({ path }) => used.has(path))
    .option("--vmid <id>", "the container's id")
    .option("--host <user@server>", "the container itself, or a plain host, over SSH; in the place of --to")
    .option("--identity <file>", "a private key (else: the agent's, ~/.ssh/id_*, or you are asked)");
}

export interface OpenedContainer {
  readonly shell: Shell;
  readonly vmid?: number;
  readonly close: () => void;
}

/**
 * Opens the way to where commands are run as root: the node, or the container itself.
 *
 * @throws StackError `no-command-by-api`, `other-way`, `bad-address` (64); of the connection
 */
export async function openContainer(flags: ContainerFlags, signal: AbortSignal): Promise<OpenedContainer> {
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

async function openHost(
  flags: ContainerFlags,
  fingerprint: string | undefined,
  signal: AbortSignal,
): Promise<OpenedContainer> {
  const { host = "", identity } = flags;
  for (const [flag, value] of Object.entries({ "--to": flags.to, "--via": flags.via, "--vmid": flags.vmid })) {
    if (value !== undefined) throw usage("other-way", `${flag} means nothing to --host`, "one of the two");
  }
  const address = sshAddress(host);
  if (address === undefined) throw usage("bad-address", `--host: ${host} is no address for SSH`, "--host root@server");
  const login = ownLogin(process.env, { identities: identity === undefined ? [] : [identity], ask: askForSecret });
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

function usage(code: string, message: string, hint: string): StackError {
  return new StackError(code, message, { hint, exit: ExitCode.usage });
}
