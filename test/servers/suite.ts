import { readFileSync } from "node:fs";
import { debianReleases, type Suite } from "../../stack/debian.ts";

/** The release of the system these tests run in, a template's own; the default stack's on any other system. */
export const suite = suiteOf(/^VERSION_CODENAME=(\w+)$/m.exec(readFileSync("/etc/os-release", "utf8"))?.[1] ?? "");

function suiteOf(codename: string): Suite {
  return codename in debianReleases ? (codename as Suite) : "bookworm";
}
