import type { StoredLayer } from "../../cache/stored-layer.ts";
import { pathOwners, statusFile } from "./path-owners.ts";
import type { BaseContents } from "./read-base.ts";
import { joined, selectMembers } from "./select-members.ts";

export interface PackagesWanted extends BaseContents {
  /** Whose files are in the layer. */
  readonly own: ReadonlySet<string>;
  /** Those and what lies below: what dpkg knows of. */
  readonly all: ReadonlySet<string>;
  /** Whether it has what belongs to no package too. */
  readonly lowest: boolean;
}

/** Of a base the files of some packages, and dpkg's word of them. */
export function layerOfPackages(
  base: StoredLayer,
  { installed, lists, own, all, lowest }: PackagesWanted,
): AsyncGenerator<Buffer> {
  const ownersOf = pathOwners(lists);
  const isWanted = ({ name }: { readonly name: string }): boolean => {
    const owners = name === statusFile ? undefined : ownersOf(name);
    if (owners === undefined) return false;
    return owners.length === 0 ? lowest : owners.some((one) => own.has(one));
  };
  const stanzas = [...installed.values()].filter(({ name }) => all.has(name)).map(({ text }) => `${text.trim()}\n`);
  const status = { kind: "text", text: stanzas.join("\n") } as const;
  return joined(selectMembers(base, isWanted), [{ path: statusFile.slice(1), mode: 0o644, content: status }]);
}
