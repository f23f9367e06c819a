import { archiveOfEntries, type Entry } from "../../archive/archive-of-entries.ts";
import { TypeFlag, writeHeader } from "../../archive/header.ts";
import type { Member } from "../../archive/scan.ts";
import { openRaw } from "../../cache/raw.ts";
import type { StoredLayer } from "../../cache/stored-layer.ts";
import { sourceDateEpoch } from "../../context.ts";

/**
 * Some of a layer's members, as blocks of an archive without its end: folders first, then the
 * rest in the layer's order. A hard link whose file is left out becomes that file, in its place.
 *
 * @throws StackError `damaged-layer`
 */
export async function* selectMembers(
  layer: StoredLayer,
  isWanted: (member: Pick<Member, "name" | "type">) => boolean,
): AsyncGenerator<Buffer> {
  const wanted = new Map(layer.members.filter(isWanted).map((member) => [member.name, member]));
  const folders = [...wanted.values()].filter(({ type }) => type === TypeFlag.directory);
  for (const folder of folders.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    yield writeHeader({ ...folder, name: folder.name === "." ? "./" : `${folder.name}/`, linkName: "", size: 0 });
  }
  const heirs = heirsOf([...wanted.values()], wanted);
  const raw = await openRaw(layer);
  try {
    for (const member of layer.members) {
      const heir = heirs.get(member.name);
      if (heir !== undefined) {
        yield writeHeader({ ...member, name: heir, linkName: "" }, attributes(member.pax));
        yield* raw.range(member.content, member.end);
      }
      if (!wanted.has(member.name) || member.type === TypeFlag.directory) continue;
      const first = member.type === TypeFlag.hardlink ? heirs.get(member.target) : undefined;
      if (first === undefined) yield* raw.range(member.start, member.end);
      else if (first !== member.name) yield writeHeader({ ...member, linkName: first, size: 0 });
    }
  } finally {
    await raw.close();
  }
}

/** Of files that are left out, the first of the links to them that is not. */
function heirsOf(links: readonly Member[], wanted: ReadonlyMap<string, Member>): Map<string, string> {
  const heirs = new Map<string, string>();
  for (const { name, type, target } of links) {
    if (type === TypeFlag.hardlink && !wanted.has(target) && !heirs.has(target)) heirs.set(target, name);
  }
  return heirs;
}

function attributes(pax: ReadonlyMap<string, Buffer>): Map<string, Buffer> {
  return new Map([...pax].filter(([key]) => key.startsWith("SCHILY.")));
}

/** An archive of such blocks and, after them, of entries. */
export async function* joined(blocks: AsyncIterable<Buffer>, entries: readonly Entry[]): AsyncGenerator<Buffer> {
  yield* blocks;
  yield* archiveOfEntries(entries, sourceDateEpoch);
}
