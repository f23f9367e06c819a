/** Name of the folder that a container's root is in: with a number, as Proxmox names a volume. */
export function rootFolder(vmid: number | undefined): string {
  return vmid === undefined ? "rootfs" : `subvol-${vmid}-disk-0`;
}

export function isRootFolder(name: string): boolean {
  return /^(rootfs|subvol-\d+-disk-0)$/.test(name);
}
