import { debianReleases } from "../../stack/debian.ts";
import type { Broker } from "../broker/choose-broker.ts";

/** Whose advisories hold for a package. */
export interface Origin {
  /** purl's namespace: who publishes it. */
  readonly vendor: string;
  /** Version of the Debian release whose package it is, or whose packages' files it has; undefined: the base's own. */
  readonly release?: string;
}

/** Of the base's packages those that don't come from its own archive, by name. */
export function origins({ source, versions, relocated }: Broker): ReadonlyMap<string, Origin> {
  const names = Object.keys(versions);
  if (source === "vendor") return new Map(names.map((name) => [name, { vendor: "rabbitmq" }]));
  if (relocated === undefined) return new Map();
  const { version: release } = debianReleases[relocated.from];
  return new Map(
    names.map((name) => [name, { vendor: name === relocated.package ? "proxmox-stack" : "debian", release }]),
  );
}
