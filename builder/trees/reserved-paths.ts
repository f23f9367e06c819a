import type { Model } from "../../stack/model.ts";

/** A place of the container where a user's file would be lost, or would break what is there. */
export interface ReservedPath {
  readonly path: string;
  readonly why: string;
}

/** The table of such places. A path stands for all below it too. */
export function reservedPaths({ paths }: Model): readonly ReservedPath[] {
  return [
    ...["/dev", "/proc", "/sys"].map((path) => ({ path, why: "the kernel fills it at boot" })),
    ...["/run", "/var/run", "/var/lock"].map((path) => ({
      path,
      why: "it is in memory: rootfs-overlay/usr/lib/tmpfiles.d/NAME.conf makes files there at each boot",
    })),
    { path: "/tmp", why: "it is emptied at boot" },
    ...["bin", "sbin", "lib", "lib32", "lib64", "libx32"].map((name) => ({
      path: `/${name}`,
      why: `it is a link: put it into rootfs-overlay/usr/${name}`,
    })),
    { path: "/etc/hostname", why: "Proxmox writes it at each start: set container.hostname" },
    { path: "/etc/resolv.conf", why: "Proxmox writes it at each start: set container.network.dns" },
    { path: "/etc/machine-id", why: "each instance has its own" },
    ...["passwd", "group", "shadow", "gshadow"].map((name) => ({
      path: `/etc/${name}`,
      why: "accounts are made from rootfs-overlay/usr/lib/sysusers.d/NAME.conf",
    })),
    ...["/etc/stack-agent", paths.share, paths.state, paths.agent].map((path) => ({ path, why: "it is the agent's" })),
    { path: `${paths.opt}/venvs`, why: "it is made from the services' requirements.lock" },
    { path: `${paths.opt}/services`, why: "it is made from the services' source" },
  ];
}
