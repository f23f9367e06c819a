import { StackError } from "../../lib/error.ts";
import { blockSize, TypeFlag, writeHeader } from "./header.ts";
import type { Member } from "./scan.ts";

/** An archive's members, as `scan` lists them. */
export interface Layer {
  readonly name: string;
  readonly members: readonly Member[];
}

/** A stretch of a merged archive: bytes of the slice's own layer, or bytes made here. */
export type Segment = { readonly start: number; readonly end: number } | { readonly bytes: Buffer };

/** What one layer gives to the merged archive, in one go. */
export interface Slice {
  readonly layer: string;
  readonly segments: readonly Segment[];
  readonly entries: number;
}

/**
 * Lays archives over each other, the last on top, as one archive in which every name comes
 * once: `pct create` extracts with `--skip-old-files`, so of two members the first would win.
 *
 * - What a higher layer has too is left out below. A folder keeps its place in the lowest
 *   layer, since its content follows there, and takes mode and owner from the highest.
 * - Of `front`, what a layer has comes before all else, its folders first: of a folder that
 *   it has made on the way to a member, GNU tar with `--skip-old-files` sets neither mode nor
 *   owner when it meets the folder's own member later (measured, GNU tar 1.34).
 * - A folder that becomes a file takes everything below it along; a file may become a folder.
 * - A hard link whose first name is left out becomes the file itself.
 * - A folder that no layer has, but something lies in, is made: root's, 0755.
 *
 * One slice a layer, and one for the front; none with end-of-archive blocks, so each may be
 * compressed apart.
 *
 * @param mtime of folders made here, seconds since 1970
 * @param front names, e.g. `./etc/appliance.info`
 * @throws StackError `duplicate-member` (twice in one layer), `through-link` (a member below
 *   a name that is no folder)
 */
export function merge(layers: readonly Layer[], mtime: number, front: readonly string[] = []): Slice[] {
  const top = topmost(layers);
  refuseLostParents(top);
  const placed = new Set<string>();
  const first = front.flatMap((name) => frontSlice({ name, mtime, top, layers, placed }));
  const rest = layers.map((layer, index) => {
    const segments: Segment[] = [];
    let entries = 0;
    const promoted = new Map<string, string>();
    const byName = new Map(layer.members.map((member) => [member.name, member]));
    for (const member of layer.members) {
      const winner = top.get(member.name);
      const folder = member.type === TypeFlag.directory && winner?.member.type === TypeFlag.directory;
      if (winner === undefined || placed.has(member.name) || !(folder || winner.index === index)) continue;
      for (const parent of missingParents(member.name, top, placed)) {
        append(segments, { bytes: writeHeader({ ...plainFolder, name: `${parent}/`, mtime }) });
        placed.add(parent);
        entries++;
      }
      placed.add(member.name);
      entries++;
      if (winner.index !== index && !sameFolder(member, winner.member)) {
        append(segments, { bytes: folderHeader(winner.member) });
        continue;
      }
      const lost = member.type === TypeFlag.hardlink && top.get(member.target)?.index !== index;
      if (!lost) append(segments, { start: member.start, end: member.end });
      else promote(segments, layer, member, byName.get(member.target), promoted);
    }
    return { layer: layer.name, segments, entries };
  });
  return [...first, ...rest];
}

/** The two blocks of zeros that end an archive: after the last slice only. */
export const endOfArchive = Buffer.alloc(2 * blockSize);

interface Top {
  readonly index: number;
  readonly member: Member;
}

/** Who wins each name; names below a folder that a higher layer made something else are gone. */
function topmost(layers: readonly Layer[]): Map<string, Top> {
  const top = new Map<string, Top>();
  for (const [index, layer] of layers.entries()) {
    const replaced: string[] = [];
    for (const member of layer.members) {
      const below = top.get(member.name);
      if (below?.index === index) {
        throw new StackError("duplicate-member", `layer ${layer.name} holds ${member.name} twice`);
      }
      if (below?.member.type === TypeFlag.directory && member.type !== TypeFlag.directory) replaced.push(member.name);
      top.set(member.name, { index, member });
    }
    for (const name of replaced) {
      for (const [other, { index: owner }] of top) {
        if (owner < index && other.startsWith(`${name}/`)) top.delete(other);
      }
    }
  }
  return top;
}

interface Front {
  readonly name: string;
  readonly mtime: number;
  readonly top: ReadonlyMap<string, Top>;
  readonly layers: readonly Layer[];
  readonly placed: Set<string>;
}

function frontSlice({ name, mtime, top, layers, placed }: Front): Slice[] {
  const found = top.get(name);
  if (found === undefined) return [];
  const parts = name.split("/");
  const parents = parts.slice(0, -1).map((_, index) => parts.slice(0, index + 1).join("/"));
  const segments: Segment[] = [];
  for (const parent of parents) {
    if (placed.has(parent)) continue;
    const folder = top.get(parent);
    // The root itself need not be there.
    if (folder === undefined && parent === ".") continue;
    const header = folder ? folderHeader(folder.member) : writeHeader({ ...plainFolder, name: `${parent}/`, mtime });
    append(segments, { bytes: header });
    placed.add(parent);
  }
  const entries = segments.length + 1;
  append(segments, { start: found.member.start, end: found.member.end });
  placed.add(name);
  return [{ layer: layers[found.index]?.name ?? "", segments, entries }];
}

/** Whether a lower layer's own header serves: a folder's time is of no matter. */
function sameFolder(low: Member, high: Member): boolean {
  const attributes = (member: Member): string =>
    JSON.stringify(
      [...member.pax].filter(([key]) => key.startsWith("SCHILY.")).map(([key, value]) => [key, value.toString("hex")]),
    );
  return low.mode === high.mode && low.uid === high.uid && low.gid === high.gid && attributes(low) === attributes(high);
}

function folderHeader({ name, mode, uid, gid, mtime, pax }: Member): Buffer {
  const attributes = new Map([...pax].filter(([key]) => key.startsWith("SCHILY.")));
  const header = { name: `${name}/`, linkName: "", type: TypeFlag.directory, size: 0, mode, uid, gid, mtime };
  return writeHeader(header, attributes);
}

const plainFolder = { linkName: "", type: TypeFlag.directory, size: 0, mode: 0o755, uid: 0, gid: 0 };

function missingParents(name: string, top: ReadonlyMap<string, Top>, placed: ReadonlySet<string>): string[] {
  const parts = name.split("/");
  const parents = parts.slice(1, -1).map((_, index) => parts.slice(0, index + 2).join("/"));
  return parents.filter((parent) => !top.has(parent) && !placed.has(parent));
}

function refuseLostParents(top: ReadonlyMap<string, Top>): void {
  for (const name of top.keys()) {
    const parent = name.slice(0, Math.max(name.lastIndexOf("/"), 1));
    const type = name === "." ? undefined : top.get(parent)?.member.type;
    if (type !== undefined && type !== TypeFlag.directory) {
      throw new StackError("through-link", `${name} lies below ${parent}, which is no folder`, {
        hint: "name the place that the link points to",
      });
    }
  }
}

/** The first kept name of a hard-linked file whose own member is left out carries the content. */
function promote(
  segments: Segment[],
  layer: Layer,
  member: Member,
  target: Member | undefined,
  promoted: Map<string, string>,
): void {
  if (target === undefined) {
    throw new StackError("bad-archive", `${layer.name}: ${member.name} links to ${member.target}, which is not in it`);
  }
  const first = promoted.get(target.name);
  const { mode, uid, gid, mtime } = target;
  const pax = new Map([...target.pax].filter(([key]) => key.startsWith("SCHILY.")));
  if (first !== undefined) {
    const link = { name: member.name, linkName: first, type: TypeFlag.hardlink, size: 0, mode, uid, gid, mtime };
    append(segments, { bytes: writeHeader(link) });
    return;
  }
  promoted.set(target.name, member.name);
  const file = { name: member.name, linkName: "", type: TypeFlag.file, size: target.size, mode, uid, gid, mtime };
  append(segments, { bytes: writeHeader(file, pax) });
  append(segments, { start: target.content, end: target.end });
}

/** Neighbours are copied in one go. */
function append(segments: Segment[], segment: Segment): void {
  const last = segments.at(-1);
  if ("start" in segment) {
    if (segment.start === segment.end) return;
    if (last !== undefined && "start" in last && last.end === segment.start) {
      segments[segments.length - 1] = { start: last.start, end: segment.end };
      return;
    }
  }
  segments.push(segment);
}
