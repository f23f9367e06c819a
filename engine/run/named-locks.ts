/** Runs `use` while no other use of the same name runs; without a name, at once. */
export type WithLock = <T>(name: string | undefined, use: () => Promise<T>) => Promise<T>;

/** Locks by name within this process, first come first served. */
export function namedLocks(): WithLock {
  const last = new Map<string, Promise<unknown>>();
  return (name, use) => {
    if (name === undefined) return use();
    const before = last.get(name) ?? Promise.resolve();
    const mine = before.then(use, use);
    last.set(name, mine);
    return mine;
  };
}
