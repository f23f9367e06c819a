/** Settings with what may be left out filled in; Required<> would leave the undefined. */
export type Complete<T> = { [K in keyof T]-?: Exclude<T[K], undefined> };
