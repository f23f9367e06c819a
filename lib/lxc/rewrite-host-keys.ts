import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Run } from "../run.ts";
import type { GuestFiles } from "./guest-files.ts";
import { shortName } from "./rewrite-for-start.ts";

const TYPES = ["rsa", "ecdsa", "ed25519"] as const;

/**
 * New SSH host keys where the container has an /etc/ssh. As on a node they are made by the
 * host's ssh-keygen and then written into the container; its comment is root@HOSTNAME.
 */
export async function rewriteHostKeys(options: {
  readonly guest: GuestFiles;
  readonly hostname: string;
  readonly run: Run;
  readonly signal?: AbortSignal | undefined;
}): Promise<void> {
  const { guest, run, signal } = options;
  if (!(await guest.isFolder("/etc/ssh"))) return;
  const comment = `root@${shortName(options.hostname)}`;
  const folder = await mkdtemp(join(tmpdir(), "host-keys-"));
  try {
    await Promise.all(
      TYPES.map(async (type) => {
        const name = `ssh_host_${type}_key`;
        const file = join(folder, name);
        await run("ssh-keygen", ["-q", "-f", file, "-t", type, "-N", "", "-E", "sha256", "-C", comment], {
          signal,
          install: "apt-get install openssh-client",
        });
        await guest.write(`/etc/ssh/${name}`, await readFile(file, "utf8"), { mode: 0o600 });
        await guest.write(`/etc/ssh/${name}.pub`, await readFile(`${file}.pub`, "utf8"));
      }),
    );
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
