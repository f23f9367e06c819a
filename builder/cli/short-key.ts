/** As much of a layer's key as a person compares. */
export function shortKey(key: string): string {
  return key.slice(0, 12);
}
