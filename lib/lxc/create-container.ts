import { randomBytes } from "node:crypto";
import { chmod, chown, mkdir, rm } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { StackError } from "../error.ts";
import { readTextIfAny, writeFileAtomic } from "../files.ts";
import { cgroupLayout } from "./cgroup-layout.ts";
import type { Container } from "./container.ts";
import { type ContainerLimits, containerConfig, type SeccompOptions, seccompProfile } from "./container-config.ts";
import type { Effects } from "./effects.ts";
import { assertRunnable } from "./find-obstacles.ts";
import { idMap } from "./id-map.ts";
import type { Network } from "./network.ts";
import { rootFolder } from "./root-folder.ts";
import { runName } from "./run-name.ts";

export interface CreateOptions extends ContainerLimits, SeccompOptions {
  /** Holds the container's folder; mapped root must get through every folder above it. */
  readonly folder: string;
  readonly network: Network;
  readonly hostname: string;
  readonly nesting: boolean;
  /** Of its eth0. Default: one of its own. */
  readonly mac?: string;
  /** Its number on a node, which names the volume of its root. Default: none. */
  readonly vmid?: number;
  /** Paths in the container where volumes of their own are mounted: fresh, empty, its root's. */
  readonly volumes?: readonly string[];
}

/**
 * Makes a container's folder: an empty rootfs that belongs to the container's root, and
 * liblxc's configuration. The rootfs is then filled by `extractTemplate`.
 *
 * @throws StackError `lxc-unavailable` (everything that is missing, each with its fix).
 */
export async function createContainer(options: CreateOptions & Pick<Effects, "run" | "log">): Promise<Container> {
  await assertRunnable(options.folder);
  const layout = await cgroupLayout();
  if (layout === undefined) throw new StackError("lxc-unavailable", "cgroups are not mounted");
  const name = runName();
  const base = join(options.folder, name);
  const container: Container = {
    name,
    lxcPath: options.folder,
    rootfs: join(base, rootFolder(options.vmid)),
    logFile: join(base, "lxc.log"),
    network: options.network,
  };
  const [seccomp, upScript] = [join(base, "seccomp"), join(base, "up")];
  try {
    await mkdir(container.rootfs, { recursive: true });
    await chmod(base, 0o755);
    await chown(container.rootfs, idMap.base, idMap.base);
    const volumes = (options.volumes ?? []).map((path, index) => ({ path, folder: join(base, `mp${index}`) }));
    for (const { folder } of volumes) {
      await mkdir(folder);
      await chown(folder, idMap.base, idMap.base);
    }
    await writeFileAtomic(seccomp, seccompProfile(options));
    // liblxc can't do it itself: it looks the bridge up in /sys, which shows the host's interfaces.
    const script = `#!/bin/sh\nexec ip link set dev "$5" master ${options.network.bridge} up\n`;
    await writeFileAtomic(upScript, script, { mode: 0o755 });
    const config = containerConfig({
      ...options,
      rootfs: container.rootfs,
      volumes,
      seccompProfile: seccomp,
      upScript,
      // Proxmox's own prefix.
      mac:
        options.mac ??
        `bc:24:11:${randomBytes(3)
          .toString("hex")
          .replace(/(..)(?=.)/g, "$1:")}`,
      layout,
      hostCores: availableParallelism(),
      appArmor: (await readTextIfAny("/sys/module/apparmor/parameters/enabled"))?.startsWith("Y") ?? false,
    });
    await writeFileAtomic(join(base, "config"), config);
    return container;
  } catch (error) {
    await rm(base, { recursive: true, force: true });
    throw error;
  }
}
