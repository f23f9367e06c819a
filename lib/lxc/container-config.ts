import type { CgroupLayout } from "./cgroup-layout.ts";
import { idMap } from "./id-map.ts";

export interface ContainerLimits {
  /** MiB, as `--memory`. */
  readonly memory: number;
  /** MiB, as `--swap`. */
  readonly swap: number;
  /** As `--cores`; more than the host has are cut to what it has. */
  readonly cores: number;
}

export interface SeccompOptions {
  /** false: nothing in it may bind or move a mount. Default true. */
  readonly mounts?: boolean;
}

export interface ConfigInput extends ContainerLimits {
  readonly hostname: string;
  readonly rootfs: string;
  readonly seccompProfile: string;
  /** Folders of the host, and where in the container they are mounted. */
  readonly volumes: readonly { readonly folder: string; readonly path: string }[];
  /** Attaches the host's end of eth0 to the bridge; called as lxc.net.0.script.up. */
  readonly upScript: string;
  /** Fixed, so that a lease outlives a restart. */
  readonly mac: string;
  /** As `--features nesting=`. */
  readonly nesting: boolean;
  readonly layout: CgroupLayout;
  readonly hostCores: number;
  /** The host has AppArmor: take the profile LXC generates, as Proxmox does. */
  readonly appArmor: boolean;
}

/** liblxc's configuration of one unprivileged container, set up as Proxmox sets up its own. */
export function containerConfig(input: ConfigInput): string {
  const lines: [string, string | number][] = [
    ["lxc.include", "/usr/share/lxc/config/common.conf"],
    ["lxc.include", "/usr/share/lxc/config/userns.conf"],
    ["lxc.idmap", `u 0 ${idMap.base} ${idMap.range}`],
    ["lxc.idmap", `g 0 ${idMap.base} ${idMap.range}`],
    ["lxc.uts.name", input.hostname],
    ["lxc.rootfs.path", `dir:${input.rootfs}`],
    ["lxc.tty.max", 2],
    ["lxc.autodev", 1],
    ["lxc.environment", "TERM=linux"],
    ["lxc.seccomp.profile", input.seccompProfile],
    ...appArmor(input),
    ...nestingMounts(input.nesting),
    ...input.volumes.map(({ folder, path }): [string, string] => [
      "lxc.mount.entry",
      `${folder} ${path.slice(1)} none bind,create=dir 0 0`,
    ]),
    ...limits(input),
    ["lxc.net.0.type", "veth"],
    ["lxc.net.0.name", "eth0"],
    ["lxc.net.0.flags", "up"],
    ["lxc.net.0.hwaddr", input.mac],
    ["lxc.net.0.script.up", input.upScript],
  ];
  return lines.map(([key, value]) => `${key} = ${value}\n`).join("");
}

function appArmor(input: ConfigInput): [string, string | number][] {
  if (!input.appArmor) return [];
  return [
    ["lxc.apparmor.profile", "generated"],
    ["lxc.apparmor.allow_nesting", input.nesting ? 1 : 0],
  ];
}

/** Uncovered proc and sys: without them the kernel refuses a nested user namespace a proc of its own. */
function nestingMounts(nesting: boolean): [string, string][] {
  if (!nesting) return [];
  return [
    ["lxc.mount.entry", "proc dev/.lxc/proc proc create=dir,optional 0 0"],
    ["lxc.mount.entry", "sys dev/.lxc/sys sysfs create=dir,optional 0 0"],
  ];
}

/** Only the host's own layout: liblxc refuses to start over a key it can't write. */
function limits({ layout, memory, swap, cores, hostCores }: ConfigInput): [string, string][] {
  const bytes = (mebibytes: number): string => String(mebibytes * 1024 * 1024);
  const cpus = `0-${Math.max(1, Math.min(cores, hostCores)) - 1}`;
  if (layout === "unified") {
    return [
      ["lxc.cgroup2.memory.max", bytes(memory)],
      ["lxc.cgroup2.memory.swap.max", bytes(swap)],
      ["lxc.cgroup2.cpuset.cpus", cpus],
    ];
  }
  return [
    ["lxc.cgroup.memory.limit_in_bytes", bytes(memory)],
    ["lxc.cgroup.memory.memsw.limit_in_bytes", bytes(memory + swap)],
    ["lxc.cgroup.cpuset.cpus", cpus],
  ];
}

/**
 * Proxmox's seccomp rules for an unprivileged container without the keyctl feature:
 * LXC's common ones, keyctl answers ENOSYS, AF_ALG sockets EAFNOSUPPORT.
 */
const seccompRules = `2
denylist
reject_force_umount
[all]
kexec_load errno 1
open_by_handle_at errno 1
init_module errno 1
finit_module errno 1
delete_module errno 1
keyctl errno 38
socket errno 97 [0,38,SCMP_CMP_EQ]
`;

/**
 * The rules of a host that lets no container bind or move a mount (MS_BIND 4096, MS_MOVE 8192),
 * by the old calls or the new. Fresh ones, which systemd itself needs at boot, stay allowed.
 */
const noMounts = `mount errno 1 [3,4096,SCMP_CMP_MASKED_EQ,4096]
mount errno 1 [3,8192,SCMP_CMP_MASKED_EQ,8192]
mount_setattr errno 1
move_mount errno 1
open_tree errno 1
`;

/** liblxc's seccomp profile of a container. */
export function seccompProfile({ mounts = true }: SeccompOptions): string {
  return mounts ? seccompRules : `${seccompRules}${noMounts}`;
}
