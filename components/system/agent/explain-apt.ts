import { StackError } from "../../../lib/error.ts";

interface Explanation {
  readonly pattern: RegExp;
  readonly code: string;
  readonly message: (match: RegExpExecArray) => string;
  readonly hint: string;
}

const sources = "/etc/apt/sources.list and /etc/apt/sources.list.d/";

/** What apt-get (2.6, LC_ALL=C) says, and what helps. The first that fits. */
const explanations: readonly Explanation[] = [
  {
    pattern: /Could not get lock (\S+?)\.? It is held by process (\d+) \(([^)]*)\)/,
    code: "apt-locked",
    message: ([, lock, pid, program]) => `${program} (pid ${pid}) holds ${lock}`,
    hint: "wait until it has ended; ps -fp PID shows what it is. Then: stack-agent provision",
  },
  {
    pattern: /dpkg[\w ]* lock was locked by another process with pid (\d+)/,
    code: "apt-locked",
    message: ([, pid]) => `another dpkg or apt is at work (pid ${pid})`,
    hint: "wait until it has ended; ps -fp PID shows what it is. Then: stack-agent provision",
  },
  {
    pattern: /Unable to locate package (\S+)|Package '?([^\s']+)'? has no installation candidate/,
    code: "package-unavailable",
    message: ([, one, other]) => `none of this machine's package sources has ${one ?? other}`,
    hint: `look at ${sources}: Debian 12 main, updates and security are needed; then: apt-get update`,
  },
  {
    pattern: /Temporary failure resolving '([^']+)'|Could not resolve '([^']+)'/,
    code: "network",
    message: ([, one, other]) => `packages can't be downloaded: the name ${one ?? other} can't be resolved`,
    hint: `look at the network and /etc/resolv.conf, or name a mirror within reach in ${sources}`,
  },
  {
    pattern: /(?:Could not connect to|Unable to connect to|Cannot initiate the connection to) (\S+)/,
    code: "network",
    message: ([, host]) => `packages can't be downloaded: ${host} does not answer`,
    hint: `look at the network and the proxy (apt-config dump | grep -i proxy), or name another mirror in ${sources}`,
  },
  {
    pattern: /Failed to fetch (\S+)\s+(.*)/,
    code: "download-failed",
    message: ([, address, why]) => `${address} can't be downloaded: ${why}`,
    hint: `apt-get update, then stack-agent provision; if it stays so, another mirror in ${sources}`,
  },
  {
    pattern: /The repository '([^']+)' (?:is not signed|does not have a Release file|no longer has a Release file)/,
    code: "bad-source",
    message: ([, source]) => `the package source ${source} can't be used`,
    hint: `mend it, or take it out of ${sources}`,
  },
];

/** A failure of apt-get in the words of whoever has to mend it; others as they are. */
export function explainApt(error: StackError): StackError {
  const text = error.detail.join("\n");
  for (const { pattern, code, message, hint } of explanations) {
    const match = pattern.exec(text);
    if (match !== null) return new StackError(code, message(match), { hint, detail: error.detail, cause: error });
  }
  return error;
}
