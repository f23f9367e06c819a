import type { FactReader } from "../../../engine/facts/fact-reader.ts";
import type { Place } from "../../../engine/state/state.ts";

/**
 * Where this container runs: its number on the Proxmox node and its network cards' addresses. A
 * backup that is restored beside its original with `--unique` has both anew, and nothing else:
 * Proxmox leaves the machine-id as it is. A card alone changes with `pct set --net0`, and the
 * number alone when a lost container is restored under another: neither is a twin.
 *
 * @returns undefined where the number can't be seen: not on Proxmox, or on a storage (Ceph) that names no volume
 */
export async function lookAtPlace(reader: Pick<FactReader, "readText">): Promise<Place | undefined> {
  const guest = await guestNumber(reader);
  return guest === undefined ? undefined : { guest, cards: await networkCards(reader) };
}

/** Both known, and not one of number and cards the same. */
export function isTwin(known: Place | undefined, here: Place | undefined): boolean {
  if (known === undefined || here === undefined) return false;
  return known.guest !== here.guest && known.cards.length > 0 && here.cards.length > 0 && !sharesCard(known, here);
}

/** Somewhere else than remembered, or nothing is. */
export function hasMoved(known: Place | undefined, here: Place | undefined): boolean {
  if (here === undefined) return false;
  return known === undefined || known.guest !== here.guest || !sharesCard(known, here);
}

function sharesCard(a: Place, b: Place): boolean {
  return a.cards.length === 0 || b.cards.length === 0 || a.cards.some((card) => b.cards.includes(card));
}

/** Of the volume the root file system is on: `subvol-120-disk-0`, `vm-120-disk-0.raw`, `pve-vm--120--disk--0`. */
async function guestNumber(reader: Pick<FactReader, "readText">): Promise<string | undefined> {
  // proc(5): ID PARENT DEVICE ROOT MOUNTPOINT OPTIONS … - TYPE SOURCE OPTIONS
  const mounts = ((await reader.readText("/proc/self/mountinfo")) ?? "").split("\n").map((line) => line.split(" "));
  const mount = mounts.findLast((fields) => fields[4] === "/");
  const source = mount?.[mount.indexOf("-") + 2] ?? "";
  const loop = /^\/dev\/(loop\d+)$/.exec(source)?.[1];
  const file = loop === undefined ? undefined : await reader.readText(`/sys/block/${loop}/loop/backing_file`);
  for (const name of [file ?? "", mount?.[3] ?? "", source]) {
    const number = /(?:^|[/-])(?:vm|subvol)-{1,2}(\d+)-{1,2}disk-/.exec(name)?.[1];
    if (number !== undefined) return number;
  }
  return undefined;
}

async function networkCards(reader: Pick<FactReader, "readText">): Promise<string[]> {
  const lines = ((await reader.readText("/proc/net/dev")) ?? "").split("\n");
  const names = lines.flatMap((line) => /^\s*([^\s:]+):/.exec(line)?.[1] ?? []).filter((name) => name !== "lo");
  const found = await Promise.all(names.map((name) => reader.readText(`/sys/class/net/${name}/address`)));
  return found.flatMap((text) => text?.trim() || []).sort();
}
