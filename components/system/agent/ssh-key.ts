import { mkdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Executors, Io } from "../../../engine/action.ts";
import { whileStale } from "../../../engine/state/stale.ts";

/** Types of SSH host keys; each in `/etc/ssh/ssh_host_TYPE_key`, as sshd looks for them. */
export const sshKeyTypes = ["ecdsa", "ed25519", "rsa"] as const;
export type SshKeyType = (typeof sshKeyTypes)[number];

export const sshFolder = "/etc/ssh";
export const sshUnit = "ssh.service";

export const renewSshKey: Executors["renewSshKey"] = {
  together: true,
  describe: ({ type }) => type,
  async apply({ type }, io) {
    await whileStale(io.paths.run, [sshUnit], () => replaceHostKey(sshFolder, type, io));
  },
};

/** The host key's path without `.pub`. */
export function hostKeyPath(folder: string, type: SshKeyType): string {
  return join(folder, `ssh_host_${type}_key`);
}

/**
 * Makes a new host key beside the old one and renames it into its place: sshd finds one or
 * the other at any moment. A power cut between the two renames leaves halves of two keys;
 * whoever asked for the renewal asks again then.
 */
export async function replaceHostKey(folder: string, type: SshKeyType, io: Pick<Io, "run">): Promise<void> {
  const path = hostKeyPath(folder, type);
  // A fixed name: what a power cut leaves is found and taken away.
  const workshop = join(folder, `.new-${type}`);
  const made = join(workshop, "key");
  await rm(workshop, { recursive: true, force: true });
  try {
    await mkdir(workshop, { mode: 0o700 });
    await io.run("ssh-keygen", ["-q", "-t", type, "-N", "", "-f", made], { install: "apt-get install openssh-client" });
    await io.run("sync", [made, `${made}.pub`]);
    await rename(`${made}.pub`, `${path}.pub`);
    await rename(made, path);
    await io.run("sync", [folder]);
  } finally {
    await rm(workshop, { recursive: true, force: true });
  }
}
