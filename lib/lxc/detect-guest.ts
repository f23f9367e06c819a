import { open } from "node:fs/promises";
import { messageOf, StackError } from "../error.ts";
import { guestFiles } from "./guest-files.ts";
import { type Guest, recogniseGuest } from "./recognise-guest.ts";

export type { Guest };

/**
 * What `pct create` finds out about an unpacked Debian rootfs.
 *
 * @throws StackError `guest-unknown` where pct would refuse the template.
 */
export async function detectGuest(rootfs: string): Promise<Guest> {
  const guest = guestFiles(rootfs);
  return recogniseGuest({
    release: (await guest.text("/etc/os-release")) ?? (await guest.text("/usr/lib/os-release")),
    debianVersion: await guest.text("/etc/debian_version"),
    shell: await firstBytes(await guest.realPath("/bin/sh")),
  });
}

async function firstBytes(path: string): Promise<Buffer> {
  const handle = await open(path, "r").catch((cause: unknown) => {
    throw new StackError("guest-unknown", `/bin/sh of the template can not be read: ${messageOf(cause)}`, {
      hint: "Proxmox would refuse this template at pct create",
    });
  });
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(20), 0, 20, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}
