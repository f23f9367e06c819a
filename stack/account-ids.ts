/*
 * Numbers of accounts. A volume's files know their owners by number alone: so every template has
 * the same ones, whatever else is in it. Debian gives numbers by the order of installing, adduser
 * from 100 upwards and systemd-sysusers from 999 downwards: ours are far from both ends.
 *
 * - 300–398 packages' and the agent's, each declared by its component, given once and for ever
 * - 399     the stack's own group
 * - 400–899 services', by their names
 */

/** Group of the stack's name, which every service is in. */
export const stackGroupId = 399;

const firstServiceId = 400;
const serviceIds = 500;

/**
 * Numbers of the services' users and groups: each follows its own name, so services may come and
 * go. Where two names fall on one number, the later by name takes the next that is free.
 */
export function serviceAccountIds(names: readonly string[]): ReadonlyMap<string, number> {
  const ids = new Map<string, number>();
  const taken = new Set<number>();
  for (const name of [...names].sort()) {
    let at = hash(name) % serviceIds;
    while (taken.has(at)) at = (at + 1) % serviceIds;
    taken.add(at);
    ids.set(name, firstServiceId + at);
  }
  return ids;
}

/** FNV-1a, 32 bits (draft-eastlake-fnv): the same for ever, and even over few places. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(text)) value = Math.imul(value ^ byte, 0x01000193) >>> 0;
  return value;
}
