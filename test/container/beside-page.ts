/**
 * What the build of docs/your-own-stack.md is asked for beside what the page says: the component that
 * came last, and backups, so that one template has them baked.
 */
export const besidePage = [
  ...["--set", "memcached.memory=64MiB"],
  ...["--set", "backup.target.directory=/var/backups"],
  // Four files of PostgreSQL's log: what waits longer is given up within a test.
  ...["--set", "backup.queue=64MiB"],
] as const;
