import { debianReleases } from "../../stack/debian.ts";
import type { Broker } from "../broker/choose-broker.ts";

/** Whose advisories hold for a package. */
export interface Origin {
  /** purl's namespace: who publishes it. */
  readonly vendor: string;
  /** Version of the Debian release whose package it is; undefined: the base's own. */
  readonly release?: string;
  /** What a rebuilt package's version has more than its source's. */
  readonly suffix?: string;
}

/** Of the base's packages those that don't come from its own archive, by name. */
export function origins({ source, versions, backport }: Broker): ReadonlyMap<string, Origin> {
  const names = Object.keys(versions);
  if (source === "vendor") return new Map(names.map((name) => [name, { vendor: "rabbitmq" }]));
  if (backport === undefined) return new Map();
  const { version: release } = debianReleases[backport.from];
  const origin = { vendor: "debian", release, suffix: backport.suffix };
  return new Map(names.map((name) => [name, origin]));
}
