import { StackError } from "../../lib/error.ts";
import { tail } from "../../lib/run.ts";
import type { Ssh } from "../ssh/ssh.ts";
import type { HostPackage } from "./open-package.ts";

/** What was seen on a host before anything is done. */
export interface HostFacts {
  /** As `uname -n`. */
  readonly name: string;
  /** The distribution's name in os-release: `debian`. */
  readonly system: string;
  /** Debian's version: "12.8". */
  readonly debian: string;
  /** As dpkg has it: `amd64`. */
  readonly architecture: string;
  readonly user: string;
  readonly isRoot: boolean;
  /** sudo lets the user in without a password. */
  readonly sudo: boolean;
  /** systemd is its init. */
  readonly systemd: boolean;
  /** It is a container of a template: the stack is in it already. */
  readonly template: boolean;
  /** MiB. */
  readonly memory: number;
  /** Bytes that are free where the package is sent to. */
  readonly free: number;
  /** The stack's package, as dpkg knows it. */
  readonly installed:
    | { readonly version: string; readonly whole: boolean; readonly same: boolean; readonly newer: boolean }
    | undefined;
  /** Another stack's package. */
  readonly other: string | undefined;
}

/** Where the package is sent to. */
export const sendingFolder = "/var/tmp";

const script = `
say() { printf '%s=%s\\n' "$1" "$2"; }
say name "$(uname -n)"
say system "$(. /etc/os-release 2>/dev/null; echo "$ID")"
say debian "$(cat /etc/debian_version 2>/dev/null)"
say architecture "$(dpkg --print-architecture 2>/dev/null)"
say user "$(id -un)"
say uid "$(id -u)"
sudo -n true 2>/dev/null && say sudo yes
[ -d /run/systemd/system ] && say systemd yes
[ -e /usr/share/stack-agent/manifest.json ] && say template yes
say memory "$(sed -n 's/^MemTotal: *\\([0-9]*\\) kB/\\1/p' /proc/meminfo)"
say free "$(df --output=avail --block-size=1 ${sendingFolder} 2>/dev/null | tail -n 1 | tr -d ' ')"
dpkg-query --show --showformat='package=\${binary:Package} \${db:Status-Abbrev} \${Version}\\n' 'stack-agent-*' 2>/dev/null
say contents "$(sha256sum "/var/lib/dpkg/info/$1.md5sums" 2>/dev/null | cut -d ' ' -f 1)"
have=$(dpkg-query --show --showformat='\${Version}' "$1" 2>/dev/null)
[ -n "$have" ] && dpkg --compare-versions "$have" gt "$2" && say newer yes
true
`;

/** Looks at a host; nothing is changed, and no power is needed. @throws StackError `strange-answer`; those of Ssh.exec */
export async function lookAtHost(ssh: Ssh, { name, version, contents }: HostPackage): Promise<HostFacts> {
  const { stdout, stderr, code } = await ssh.exec(["sh", "-c", script, "sh", name, version]);
  const said = stdout.split("\n").map((line) => line.split(/=(.*)/s) as [string, string?]);
  const value = (key: string): string => said.find(([name]) => name === key)?.[1] ?? "";
  if (code !== 0 || value("uid") === "") {
    throw new StackError("strange-answer", `${ssh.where} has no shell that tells what it is`, {
      detail: tail(stdout + stderr),
    });
  }
  const packages = said.flatMap(([key, text = ""]) => {
    const [own = "", status = "", version = ""] = text.split(/ +/);
    // "rc", "un": nothing but configuration, or nothing at all.
    return key !== "package" || !/^[ihp][^nc]/.test(status) ? [] : [{ own, status, version }];
  });
  const found = packages.find(({ own }) => own === name);
  return {
    ...{ name: value("name"), system: value("system"), debian: value("debian"), user: value("user") },
    architecture: value("architecture"),
    isRoot: value("uid") === "0",
    sudo: value("sudo") === "yes",
    systemd: value("systemd") === "yes",
    template: value("template") === "yes",
    memory: Math.floor(Number(value("memory")) / 1024),
    free: Number(value("free")),
    installed: found && {
      version: found.version,
      whole: found.status.startsWith("ii"),
      same: found.status.startsWith("ii") && found.version === version && value("contents") === contents,
      newer: value("newer") === "yes",
    },
    other: packages.find(({ own }) => own !== name)?.own,
  };
}
