/**
 * The mapping of every unprivileged container on Proxmox: container uid and gid
 * 0…65535 are the host's 100000…165535 (PVE::LXC, and `pct config`'s default).
 */
export const idMap = { base: 100_000, range: 65_536 } as const;

/** The arguments of `lxc-usernsexec` for that mapping, word for word as pct gives them. */
export const usernsArguments = [
  "-m",
  `u:0:${idMap.base}:${idMap.range}`,
  "-m",
  `g:0:${idMap.base}:${idMap.range}`,
  "--",
] as const;
