import { ExitCode, StackError } from "../../../lib/error.ts";
import { sshAddress } from "../../ssh/ssh-address.ts";
import type { Access } from "../access.ts";
import type { Credentials } from "../credentials.ts";
import { localShell } from "../local/local-shell.ts";
import type { NodeShell } from "../node-shell.ts";
import { sshShell } from "../ssh/ssh-shell.ts";
import type { Transport } from "../transport.ts";
import { noProxmox, notRoot } from "./pvesh-call.ts";
import { shellTransport } from "./shell-transport.ts";

export interface ShellTarget {
  readonly to: string;
  readonly fingerprint?: string | undefined;
  readonly signal: AbortSignal;
}

/**
 * Opens a node's shell, and looks whether it is one where the node can be asked.
 *
 * @returns with the node's own name
 * @throws StackError `not-root`, `no-proxmox`, `bad-address`; those of `openSsh`
 */
export async function openShell(
  target: ShellTarget,
  access: Exclude<Access, Credentials>,
): Promise<{ readonly transport: Transport; readonly name: string }> {
  const { shell, name } = await openNodeShell(target, access);
  return { transport: shellTransport(shell), name };
}

/** The same shell, for other commands than requests. @throws StackError as `openShell` */
export async function openNodeShell(
  target: ShellTarget,
  access: Exclude<Access, Credentials>,
): Promise<{ readonly shell: NodeShell; readonly name: string }> {
  const shell = access.kind === "local" ? localShell(target.signal) : overSsh(target, access);
  try {
    return { shell, name: await look(shell) };
  } catch (error) {
    shell.close();
    throw error;
  }
}

function overSsh({ to, fingerprint, signal }: ShellTarget, { login, knownHosts }: Extract<Access, { kind: "ssh" }>) {
  const address = sshAddress(to);
  if (address === undefined) {
    throw new StackError("bad-address", `${to} is no address for SSH`, {
      hint: "like root@pve1, or root@10.1.1.2:2222",
      exit: ExitCode.usage,
    });
  }
  return sshShell({ ...address, login, trust: { fingerprint, knownHosts }, signal });
}

async function look(shell: NodeShell): Promise<string> {
  const { stdout } = await shell.exec(["sh", "-c", "id -u; id -un; uname -n; command -v pvesh"]);
  const [id, user, host = "", pvesh] = stdout.trim().split("\n");
  if (pvesh === undefined) throw noProxmox();
  if (id !== "0") throw notRoot(user);
  // As Proxmox names it (PVE::INotify::nodename).
  return host.split(".")[0] ?? host;
}
