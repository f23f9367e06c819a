import { createHash } from "node:crypto";
import { mkdir, rename, rm } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { exists } from "../../lib/files.ts";
import { run } from "../../lib/run.ts";

const PACKAGES = "systemd,systemd-sysv,dbus,ifupdown,isc-dhcp-client,iproute2,openssh-server,cron,ssl-cert";

/** A plain Debian 12 to prove lib/lxc with; made once and kept in the cache folder. */
export async function minimalTemplate(): Promise<string> {
  const key = createHash("sha256").update(PACKAGES).digest("hex").slice(0, 8);
  const folder = join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "proxmox-stack", "test");
  const template = join(folder, `minimal-${key}.tar.gz`);
  if (await exists(template)) return template;
  await mkdir(folder, { recursive: true });
  const made = join(folder, `making-${process.pid}.tar.gz`);
  try {
    await run("mmdebstrap", ["--quiet", "--variant=minbase", `--include=${PACKAGES}`, "bookworm", made], {
      timeout: 20 * 60_000,
      install: "apt-get install mmdebstrap",
    });
    await rename(made, template);
  } finally {
    await rm(made, { force: true });
  }
  return template;
}
