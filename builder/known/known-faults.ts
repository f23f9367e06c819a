import { debianReleases, suites } from "../../stack/debian.ts";
import { claims, takenClaims } from "../../stack/definition/claims.ts";
import type { Fault } from "../../stack/definition/fault.ts";
import { nearest } from "../../stack/definition/nearest.ts";
import type { Definition } from "../../stack/definition/schema.ts";
import { knownBase } from "./known-base.ts";

/** Where Debian has had the zones' older names since 13. */
const legacyZones = "tzdata-legacy";

/** What of a definition its Debian would not take, as far as that is known before there is a base. */
export function knownFaults(definition: Definition): Fault[] {
  const { names } = knownBase(definition.debian);
  return [...takenClaims(claims(definition), names, "Debian"), ...zoneFaults(definition), ...localeFaults(definition)];
}

function zoneFaults({ timezone, debian, packages }: Definition): Fault[] {
  const { zones } = knownBase(debian);
  if (zones.has(timezone)) return [];
  const fault = (message: string): Fault[] => [{ path: ["timezone"], message }];
  if (suites.some((other) => knownBase(other).zones.has(timezone))) {
    if (packages.includes(legacyZones)) return [];
    return fault(
      `${timezone} is an older name, which ${debianOf(debian)} has in the package ${legacyZones}: name that in packages, or the newer one here`,
    );
  }
  // A zone that is younger than what was recorded.
  if (Intl.supportedValuesOf("timeZone").includes(timezone)) return [];
  return fault(`${debianOf(debian)} has no time zone ${timezone}${instead(nearest(timezone, [...zones]))}`);
}

function localeFaults({ locale, debian }: Definition): Fault[] {
  const { languages } = knownBase(debian);
  if (languages.has(locale.replace(/\..*$/, ""))) return [];
  const known = [...languages].map((language) => `${language}.UTF-8`);
  return [
    { path: ["locale"], message: `${debianOf(debian)} has no locale ${locale}${instead(nearest(locale, known))}` },
  ];
}

function debianOf(suite: Definition["debian"]): string {
  return `Debian ${debianReleases[suite].version}`;
}

function instead(close: string | undefined): string {
  return close === undefined ? "" : `; did you mean ${close}?`;
}
