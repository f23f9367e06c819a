import { homedir } from "node:os";
import { join } from "node:path";
import { StackError } from "../../lib/error.ts";
import { readTextIfAny } from "../../lib/files.ts";
import {
  hostKey,
  hostKeyFingerprint,
  judgeHostKey,
  type KnownHost,
  knownHostsLine,
  knownTypes,
  readKnownHosts,
} from "./known-hosts.ts";

/** What makes a server's key a trusted one: this fingerprint and no other; without one, what known_hosts files say. */
export interface SshTrust {
  /** `SHA256:…` */
  readonly fingerprint?: string | undefined;
  /** Paths; those that aren't there say nothing. The first is where a new line goes. */
  readonly knownHosts: readonly string[];
}

export interface HostTrust {
  /** Algorithms to ask the server for, by the keys it is known by. */
  readonly algorithms: readonly string[];
  /** @returns undefined where the key is trusted, else why not */
  judge(blob: Buffer): StackError | undefined;
}

/** As OpenSSH's UserKnownHostsFile and GlobalKnownHostsFile. */
export function knownHostsFiles(environment: Readonly<Record<string, string | undefined>>): readonly string[] {
  const home = environment.HOME ?? homedir();
  return [join(home, ".ssh/known_hosts"), join(home, ".ssh/known_hosts2"), "/etc/ssh/ssh_known_hosts"];
}

/** The host key algorithms that are spoken, the preferred first, and the type of the keys they use. */
const algorithms: readonly (readonly [algorithm: string, type: string])[] = [
  ["ssh-ed25519", "ssh-ed25519"],
  ["ecdsa-sha2-nistp256", "ecdsa-sha2-nistp256"],
  ["ecdsa-sha2-nistp384", "ecdsa-sha2-nistp384"],
  ["ecdsa-sha2-nistp521", "ecdsa-sha2-nistp521"],
  ["rsa-sha2-512", "ssh-rsa"],
  ["rsa-sha2-256", "ssh-rsa"],
];

/** Reads what is known of a server. A key that isn't trusted is never accepted, and nobody is asked. */
export async function hostTrust(host: string, port: number, trust: SshTrust): Promise<HostTrust> {
  const lines: KnownHost[] = [];
  for (const path of trust.knownHosts) lines.push(...readKnownHosts((await readTextIfAny(path)) ?? "", path));
  const known = trust.fingerprint === undefined ? knownTypes(lines, host, port) : [];
  const first = algorithms.filter(([, type]) => known.includes(type));
  return {
    algorithms: [...new Set([...first, ...algorithms].map(([algorithm]) => algorithm))],
    judge: (blob) => {
      const seen = hostKeyFingerprint(blob);
      if (trust.fingerprint !== undefined) {
        if (plain(seen) === plain(trust.fingerprint)) return undefined;
        return untrusted(`the key of ${host} is another one than --fingerprint says`, howToCompare, [
          `expected ${trust.fingerprint}`,
          `seen     ${seen}`,
        ]);
      }
      return hostKeyFault(lines, { host, port, blob, seen, file: trust.knownHosts[0] ?? "~/.ssh/known_hosts" });
    },
  };
}

const howToCompare = "compare it on that machine: ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub";

function hostKeyFault(
  lines: readonly KnownHost[],
  shown: {
    readonly host: string;
    readonly port: number;
    readonly blob: Buffer;
    readonly seen: string;
    readonly file: string;
  },
): StackError | undefined {
  const { host, port, seen, file } = shown;
  const key = hostKey(shown.blob);
  const verdict = judgeHostKey(lines, host, port, key);
  const told = [`${key.type} ${seen}`];
  switch (verdict.kind) {
    case "known":
      return undefined;
    case "revoked":
      return untrusted(`the key of ${host} is revoked`, `its line: ${verdict.place}`, told);
    case "changed":
      return untrusted(
        `the key of ${host} is another one than it was: perhaps somebody is in between`,
        `${howToCompare}; if it was made anew, take the old line away: ${verdict.places.join(", ")}`,
        told,
      );
    case "unknown": {
      const line = knownHostsLine(host, port, key);
      const authority =
        verdict.authority === undefined ? "" : ` (the authority in ${verdict.authority} can't be used here)`;
      return untrusted(
        `the key of ${host} is not known here${authority}`,
        `${howToCompare}; if it is this one: echo '${line}' >> ${file}, or --fingerprint ${seen}`,
        told,
      );
    }
  }
}

function untrusted(message: string, hint: string, detail: readonly string[]): StackError {
  return new StackError("untrusted-host-key", message, { hint, detail });
}

/** ssh-keygen pads nothing, others do. */
function plain(fingerprint: string): string {
  return fingerprint.replace(/=+$/, "");
}
