/** All results; where one failed, its error, but only once none runs any more: their folder is removed then. */
export async function allEnded<T>(work: readonly Promise<T>[]): Promise<T[]> {
  await Promise.allSettled(work);
  return Promise.all(work);
}
