import { StackError } from "../error.ts";

export interface Guest {
  /** `ID` of os-release. */
  readonly os: string;
  /** Debian's version, e.g. "12.13". */
  readonly version: string;
  readonly architecture: string;
}

/** What `pct create` looks at; undefined for a file that isn't there. */
export interface GuestTraits {
  /** Text of /etc/os-release, or of /usr/lib/os-release. */
  readonly release: string | undefined;
  /** Text of /etc/debian_version. */
  readonly debianVersion: string | undefined;
  /** The first 20 bytes of /bin/sh, links followed. */
  readonly shell: Buffer | undefined;
}

/** ELF machine numbers Proxmox knows (PVE::LXC::Create). */
const MACHINES: Readonly<Record<number, string>> = {
  3: "i386",
  62: "amd64",
  40: "armhf",
  183: "arm64",
  243: "riscv64",
};
const CODENAMES: Readonly<Record<string, string>> = { "bookworm/sid": "12", "trixie/sid": "13", "forky/sid": "14" };

/**
 * What `pct create` makes of a Debian rootfs before it goes on: the system's kind, its
 * version and the architecture of /bin/sh.
 *
 * @throws StackError `guest-unknown` where pct would refuse the template.
 */
export function recogniseGuest({ release, debianVersion, shell }: GuestTraits): Guest {
  const os = /^ID=["']?([\w.-]+)/m.exec(release ?? "")?.[1];
  if (os === undefined) throw unknown("unable to detect OS distribution");
  if (os !== "debian") throw unknown(`the template holds ${os}, and only Debian is known here`);
  const line = debianVersion?.split("\n")[0]?.trim();
  if (line === undefined || line === "") throw unknown("unable to read version info");
  const version = CODENAMES[line] ?? line;
  if (!/^\d+(\.\d+)?/.test(version)) throw unknown(`unable to parse version info '${line}'`);
  return { os, version, architecture: architectureOf(shell) };
}

function architectureOf(shell: Buffer | undefined): string {
  const elf = shell !== undefined && shell.length >= 20 && shell.subarray(0, 4).toString("latin1") === "\x7fELF";
  const machine = elf ? MACHINES[shell.readUInt16LE(18)] : undefined;
  if (machine === undefined) throw unknown("/bin/sh is no ELF program of a known machine");
  return machine;
}

function unknown(message: string): StackError {
  return new StackError("guest-unknown", message, { hint: "Proxmox would refuse this template at pct create" });
}
