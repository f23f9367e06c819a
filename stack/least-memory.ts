/** Below this, provisioning refuses: the stack's idle size alone is near 400 MiB. */
export const leastMemoryMiB = 2048;

/** A container of exactly 2 GiB reads a few MiB less in MemTotal on some hosts; 3 % are forgiven. */
export function isTooLittle(memoryMiB: number): boolean {
  return memoryMiB < leastMemoryMiB * 0.97;
}
