import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { archiveOfEntries, type Entry } from "../archive/archive-of-entries.ts";
import type { MadeLayer } from "../cache/made-layer.ts";
import { archiveOf } from "../cache/raw.ts";
import type { StoredLayer } from "../cache/stored-layer.ts";
import { inputTo } from "../output-of.ts";
import type { Control } from "./relocated/control.ts";
import { packagesIndex } from "./relocated/packages-index.ts";

/** Where in the layer the packages are, and apt's index of them. */
const folder = "/packages";

/** A package's file. */
export interface Deb {
  readonly file: string;
  readonly control: Control;
}

/** A layer that is a flat apt repository: packages, each by its name alone, and the index beside them. */
export async function packageRepository(debs: readonly Deb[], epoch: number): Promise<MadeLayer> {
  const file = (path: string, content: Entry["content"]): Entry => ({ path, mode: 0o644, content });
  const named = debs.map((deb) => ({ ...deb, name: `${deb.control.get("Package")}.deb` }));
  const entries: Entry[] = [
    { path: folder, mode: 0o755, content: { kind: "directory" } },
    ...named.map(({ name, file: from }) => file(`${folder}/${name}`, { kind: "file", from })),
    file(`${folder}/Packages`, { kind: "text", text: await packagesIndex(named) }),
  ];
  return { archive: archiveOfEntries(entries, epoch) };
}

/** Unpacks one. @param name of the folder below `work` @returns where the packages are */
export async function unpackRepository(
  layer: StoredLayer,
  name: string,
  work: string,
  signal: AbortSignal,
): Promise<string> {
  const top = join(work, `${name}-packages`);
  await mkdir(top, { recursive: true });
  const archive = Readable.from(archiveOf(layer), { objectMode: false });
  await inputTo(archive, ["tar", "--extract", "--no-same-owner", "-C", top], signal);
  return join(top, folder);
}
