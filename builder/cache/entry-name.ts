/** Name of a layer's folder in the cache. */
export function entryName(name: string, key: string): string {
  return `${name}-${key}`;
}
