import { spawn } from "node:child_process";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Test } from "tap";
import { StackError } from "../../lib/error.ts";
import { removeCgroups } from "../../lib/lxc/remove-cgroups.ts";
import { run } from "../../lib/run.ts";
import { cleanupAfter } from "./cleanup.ts";
import { workFolder } from "./needs.ts";
import { unpackPackages } from "./unpack-packages.ts";

/** Debian's, with what they need that lxc doesn't bring. */
const packages = [
  ...["lxd", "lxd-client", "attr", "rsync", "squashfs-tools"],
  ...["libdqlite0", "liblzo2-2", "libpopt0", "libraft2", "libsqlite3-0", "libuv1", "libxxhash0"],
];

/** /sys shows the devices of the network it was mounted in; the cgroups below it are kept. */
const daemonProgram = `
ip link set lo up
mkdir "$LXD_DIR/../cgroup"
mount --rbind /sys/fs/cgroup "$LXD_DIR/../cgroup"
mount -t sysfs sysfs /sys
mount --rbind "$LXD_DIR/../cgroup" /sys/fs/cgroup
umount --recursive --lazy "$LXD_DIR/../cgroup"
exec lxd --group root --logfile "$LXD_DIR/log"
`;

export interface Lxd {
  /** Runs the `lxc` client of LXD. @returns its output */
  lxc(...args: string[]): Promise<string>;
}

/**
 * Debian's LXD, unpacked and not installed: a folder, a network and mounts of its own, so
 * that it changes nothing on this machine and ends with the test.
 *
 * @param container whose remains are removed at the end
 */
export async function startLxd(t: Test, container: string): Promise<Lxd> {
  await mkdir(workFolder, { recursive: true });
  const folder = await mkdtemp(join(workFolder, "lxd-"));
  const cleanup = cleanupAfter(t);
  const { signal } = cleanup;
  cleanup.add(() => rm(folder, { recursive: true, force: true }));
  cleanup.add(() => removeCgroups(container));
  await run("chmod", ["711", folder]);
  await unpackPackages(folder, packages, signal);
  const root = join(folder, "root");
  const env = {
    ...process.env,
    PATH: `${join(root, "usr/bin")}:${process.env.PATH ?? ""}:/usr/sbin:/sbin`,
    LD_LIBRARY_PATH: join(root, "usr/lib/x86_64-linux-gnu"),
    LXD_DIR: join(folder, "lxd"),
    LXD_CONF: join(folder, "conf"),
  };
  await mkdir(env.LXD_DIR, { mode: 0o711 });
  const apart = ["--mount", "--net", "--pid", "--fork", "--kill-child", "--mount-proc", "--propagation", "private"];
  const daemon = spawn("unshare", [...apart, "sh", "-ec", daemonProgram], { env, stdio: ["ignore", "ignore", "pipe"] });
  let said = "";
  daemon.stderr.setEncoding("utf8").on("data", (text: string) => {
    said = (said + text).slice(-4000);
  });
  const ended = new Promise<void>((resolve) => daemon.once("close", () => resolve()));
  cleanup.add(async () => {
    daemon.kill("SIGKILL");
    await ended;
  });
  const client = async (command: string, args: readonly string[]): Promise<string> =>
    (await run(command, args, { env, signal, timeout: 180_000 })).stdout;
  const early = ended.then(() => {
    throw new StackError("lxd", "LXD ended at once", { detail: said.split("\n") });
  });
  await Promise.race([client("lxd", ["waitready", "--timeout=60"]), early]);
  early.catch(() => {});
  return { lxc: (...args) => client("lxc", args) };
}
