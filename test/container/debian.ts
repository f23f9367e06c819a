import { basename } from "node:path";
import { templateToTest } from "./template.ts";

/** What a Debian release promises, by its version: the archive's own words, not the code's under test. */
export const releases = {
  "12": { version: "12", suite: "bookworm", python: "3.11", postgres: "15" },
  "13": { version: "13", suite: "trixie", python: "3.13", postgres: "17" },
} as const;

export type Release = (typeof releases)[keyof typeof releases];

/** The release of the template under test, which its name begins with; the default stack's where there is none. */
export const debian = releaseOf((await templateToTest()) ?? "");

function releaseOf(template: string): Release {
  return /^debian-13-/.test(basename(template)) ? releases["13"] : releases["12"];
}
