/** Lets those who would do the same thing do it one after the other, until one has done it. */
export type Turns = (what: string, use: () => Promise<void>) => Promise<void>;

export function turns(): Turns {
  const last = new Map<string, Promise<boolean>>();
  return async (what, use) => {
    const before = last.get(what) ?? Promise.resolve(false);
    const mine = before
      .catch(() => false)
      .then(async (done) => {
        if (!done) await use();
        return true;
      });
    last.set(what, mine);
    await mine;
  };
}
