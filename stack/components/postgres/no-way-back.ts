/**
 * Why an older release can't work with what a migration leaves: it says so itself, in a line `-- no way back: WHY`.
 * Undefined: it only expands.
 */
export function noWayBackOf(migration: string): string | undefined {
  return /^-- no way back: (.+)$/m.exec(migration)?.[1]?.trim();
}
