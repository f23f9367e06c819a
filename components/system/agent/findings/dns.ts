import { readdir, readFile } from "node:fs/promises";
import { isIP } from "node:net";
import { join } from "node:path";
import type { Found } from "../../../../engine/finding.ts";
import { isErrno, isStackError } from "../../../../lib/error.ts";
import { readTextIfAny } from "../../../../lib/files.ts";
import type { Run } from "../../../../lib/run.ts";

export interface DnsOptions {
  readonly run: Run;
  readonly signal: AbortSignal;
  readonly root?: string;
}

/** Milliseconds that name servers are waited for; resolv.conf's own would be half a minute. */
const LONGEST = 6_000;

/** Whether the names of Debian's archives can be resolved. The stack itself is on loopback and needs none. */
export async function dns({ run, signal, root = "/" }: DnsOptions): Promise<Found> {
  const resolver = (await readTextIfAny(join(root, "etc/resolv.conf"))) ?? "";
  const servers = [...resolver.matchAll(/^nameserver +(\S+)/gm)].map(([, address = ""]) => address);
  const hint = "cat /etc/resolv.conf; on the node: pct set VMID --nameserver ADDRESS, and start the container anew";
  if (servers.length === 0) return { status: "warn", message: "no name server in /etc/resolv.conf", hint };
  const [name] = await archiveNames(join(root, "etc/apt"));
  if (name === undefined) return { status: "pass", message: `${servers.join(", ")}; no archive has a name to ask for` };
  if (await resolves(name, run, signal))
    return { status: "pass", message: `${name} is known to ${servers.join(", ")}` };
  return { status: "warn", message: `${name} can't be resolved by ${servers.join(", ")}`, hint };
}

async function resolves(name: string, run: Run, signal: AbortSignal): Promise<boolean> {
  try {
    // getent(1): 2 is a name that isn't known.
    return (await run("getent", ["ahosts", name], { signal, timeout: LONGEST, accept: [0, 2] })).code === 0;
  } catch (error) {
    if (isStackError(error) && error.code === "timeout") return false;
    throw error;
  }
}

/** Host names of the archives that apt asks, each once. */
async function archiveNames(folder: string): Promise<readonly string[]> {
  const parts = join(folder, "sources.list.d");
  const names = await readdir(parts).catch((error: unknown) => {
    if (isErrno(error, "ENOENT")) return [];
    throw error;
  });
  const files = names.filter((name) => /\.(list|sources)$/.test(name)).map((name) => join(parts, name));
  const texts = await Promise.all(files.map((path) => readFile(path, "utf8")));
  const all = [(await readTextIfAny(join(folder, "sources.list"))) ?? "", ...texts].join("\n");
  const hosts = [...all.matchAll(/^[^#\n]*?\bhttps?:\/\/(?:[^@/\s]*@)?([^/:\s]+)/gm)].map(([, host = ""]) => host);
  return [...new Set(hosts)].filter((host) => isIP(host) === 0);
}
