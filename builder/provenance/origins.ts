import { debianReleases } from "../../stack/debian.ts";
import type { ChosenSource } from "../sources/choose-sources.ts";

/** Whose advisories hold for a package. */
export interface Origin {
  /** purl's namespace: who publishes it. */
  readonly vendor: string;
  /** Version of the Debian release whose package it is, or whose packages' files it has; undefined: the base's own. */
  readonly release?: string;
}

/** Of the base's packages those that don't come from its own archive, by name. */
export function origins(chosen: readonly ChosenSource[]): ReadonlyMap<string, Origin> {
  return new Map(chosen.flatMap(originsOf));
}

function originsOf({ source, versions, made }: ChosenSource): (readonly [string, Origin])[] {
  const names = Object.keys(versions);
  if ("vendor" in source) return names.map((name) => [name, { vendor: source.vendor }]);
  if (made?.name !== "relocated") return [];
  const { version: release } = debianReleases[made.inputs.from];
  return names.map((name) => [name, { vendor: name === made.inputs.package ? "proxmox-stack" : "debian", release }]);
}
