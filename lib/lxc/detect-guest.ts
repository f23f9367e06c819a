import { open } from "node:fs/promises";
import { messageOf, StackError } from "../error.ts";
import { guestFiles } from "./guest-files.ts";

export interface Guest {
  /** `ID` of os-release. */
  readonly os: string;
  /** Debian's version, e.g. "12.13". */
  readonly version: string;
  readonly architecture: string;
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
 * What `pct create` finds out about a Debian rootfs before it goes on: the system's kind,
 * its version and the architecture of /bin/sh.
 *
 * @throws StackError `guest-unknown` where pct would refuse the template.
 */
export async function detectGuest(rootfs: string): Promise<Guest> {
  const guest = guestFiles(rootfs);
  const release = (await guest.text("/etc/os-release")) ?? (await guest.text("/usr/lib/os-release")) ?? "";
  const os = /^ID=["']?([\w.-]+)/m.exec(release)?.[1];
  if (os === undefined) throw unknown("unable to detect OS distribution");
  if (os !== "debian") throw unknown(`the template holds ${os}, and only Debian is known here`);
  const line = (await guest.text("/etc/debian_version"))?.split("\n")[0]?.trim();
  if (line === undefined || line === "") throw unknown("unable to read version info");
  const version = CODENAMES[line] ?? line;
  if (!/^\d+(\.\d+)?/.test(version)) throw unknown(`unable to parse version info '${line}'`);
  return { os, version, architecture: await architecture(rootfs) };
}

async function architecture(rootfs: string): Promise<string> {
  const handle = await open(await guestFiles(rootfs).realPath("/bin/sh"), "r").catch((cause: unknown) => {
    throw unknown(`/bin/sh of the template can not be read: ${messageOf(cause)}`);
  });
  try {
    const { buffer } = await handle.read(Buffer.alloc(20), 0, 20, 0);
    const machine =
      buffer.subarray(0, 4).toString("latin1") === "\x7fELF" ? MACHINES[buffer.readUInt16LE(18)] : undefined;
    if (machine === undefined) throw unknown("/bin/sh is no ELF program of a known machine");
    return machine;
  } finally {
    await handle.close();
  }
}

function unknown(message: string): StackError {
  return new StackError("guest-unknown", message, { hint: "Proxmox would refuse this template at pct create" });
}
