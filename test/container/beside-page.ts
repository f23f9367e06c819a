/**
 * What the build of docs/your-own-stack.md is asked for beside what the page says: the component that
 * came last, so that one template has it baked.
 */
export const besidePage = ["--set", "memcached.memory=64MiB"] as const;
