/** GNU tar's flags that make an archive of a tree depend on the tree alone, nothing of it lost. */
export function archiveFlags(epoch: number): string[] {
  return [
    "--create",
    "--sort=name",
    "--numeric-owner",
    "--acls",
    "--xattrs",
    "--xattrs-include=user.*",
    "--xattrs-include=security.capability",
    "--format=posix",
    "--pax-option=exthdr.name=%d/PaxHeaders/%f,delete=atime,delete=ctime",
    `--mtime=@${epoch}`,
    "--clamp-mtime",
    "--one-file-system",
  ];
}
