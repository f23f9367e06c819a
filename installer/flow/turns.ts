/** Lets those who would do the same thing do it one after the other. */
export type Turns = <T>(what: string, use: () => Promise<T>) => Promise<T>;

export function turns(): Turns {
  const last = new Map<string, Promise<unknown>>();
  return (what, use) => {
    const mine = (last.get(what) ?? Promise.resolve()).then(use, use);
    last.set(what, mine);
    return mine;
  };
}
