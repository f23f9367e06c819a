import { readFile } from "node:fs/promises";
import { ExitCode, messageOf, StackError } from "../../lib/error.ts";
import { sshAddress } from "../ssh/ssh-address.ts";
import type { Access } from "../transports/access.ts";
import { apiTransport } from "../transports/api/api-transport.ts";
import type { Credentials } from "../transports/credentials.ts";
import type { Transport } from "../transports/transport.ts";
import { type Node, nodeNames, openNode } from "./node.ts";

export interface Target {
  /** `pve1.example.org`, `10.1.1.2:8006`; over SSH `root@pve1`, `pve1:2222`; on the node itself nothing. */
  readonly to: string;
  readonly node?: string | undefined;
  /** Of the certificate; over SSH of the host key. */
  readonly fingerprint?: string | undefined;
  /** Path of a PEM file. */
  readonly caFile?: string | undefined;
  readonly credentials: Access;
  readonly signal: AbortSignal;
}

/** A node that can be asked. */
export interface Connected {
  readonly node: Node;
  readonly transport: Transport;
  /** Every node of its cluster. */
  readonly cluster: readonly string[];
}

/** Opens the way to a node and finds out its name. @throws StackError of the transport, `no-such-node`, `no-ca-file` */
export async function connect(target: Target): Promise<Connected> {
  const { credentials } = target;
  if (credentials.kind === "ssh" || credentials.kind === "local") return connectShell(target, credentials);
  return connectApi(target, credentials);
}

async function connectApi(target: Target, credentials: Credentials): Promise<Connected> {
  const { host, port } = address(target.to);
  const ca = target.caFile === undefined ? undefined : await readAuthority(target.caFile);
  const { signal, fingerprint } = target;
  const transport = apiTransport({ host, port, credentials, signal, trust: { ca, fingerprint } });
  try {
    const cluster = await nodeNames(transport);
    return { transport, cluster, node: openNode(transport, nodeName(cluster, host, target.node)) };
  } catch (error) {
    await transport.close();
    throw error;
  }
}

async function connectShell(target: Target, access: Exclude<Access, Credentials>): Promise<Connected> {
  const { openShell } = await import("../transports/shell/open-shell.ts");
  const { transport, name } = await openShell(target, access);
  try {
    const cluster = await nodeNames(transport);
    if (target.node !== undefined && target.node !== name) {
      const other = nodeName(cluster, name, target.node);
      throw new StackError("other-node", `${transport.where} is node ${name}, and its storages are its own`, {
        hint: `log in to the other one: --to root@${other}`,
        exit: ExitCode.usage,
      });
    }
    return { transport, cluster, node: openNode(transport, name) };
  } catch (error) {
    await transport.close();
    throw error;
  }
}

function address(to: string): { readonly host: string; readonly port: number } {
  if (to.includes("@")) {
    throw new StackError("ssh-address", `${to} is an address for SSH, and this goes over the REST API`, {
      hint: `--via ssh, or --to ${sshAddress(to)?.host ?? "pve1"}`,
      exit: ExitCode.usage,
    });
  }
  const [, host = to, port = "8006"] = /^(\[[^\]]+\]|[^:]+)(?::(\d+))?$/.exec(to) ?? [];
  return { host: host.replace(/^\[|\]$/g, ""), port: Number(port) };
}

async function readAuthority(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    throw new StackError("no-ca-file", `${path} can't be read: ${messageOf(error)}`, {
      hint: "on the node it is /etc/pve/pve-root-ca.pem",
      exit: ExitCode.usage,
    });
  }
}

/** The one asked for; else the one that the address begins with; else the only one there is. */
export function nodeName(all: readonly string[], host: string, asked: string | undefined): string {
  const first = host.split(".")[0];
  const found =
    asked === undefined ? (all.find((name) => name === first) ?? (all.length === 1 ? all[0] : undefined)) : asked;
  if (found !== undefined && all.includes(found)) return found;
  const problem =
    asked === undefined ? `which node of the cluster is ${host}? There are` : `there is no node ${asked}; there are`;
  throw new StackError("no-such-node", `${problem} ${all.join(", ")}`, {
    hint: `--node ${all[0] ?? "NAME"}`,
    exit: ExitCode.usage,
  });
}
