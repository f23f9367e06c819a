import { join } from "node:path/posix";
import type { ServiceModel } from "./model.ts";

/*
 * A service's releases lie side by side in its folder, `releases/ID`, each with its code and, where it is
 * Python, its virtual environment `venv`. What is run is where the link `current` leads.
 */

type Place = Pick<ServiceModel, "folder">;

/** The release that the template brings: the definition's own source. */
export const releaseZero = "0";

export function releasesFolder({ folder }: Place): string {
  return join(folder, "releases");
}

export function releaseFolder(service: Place, id: string): string {
  return join(releasesFolder(service), id);
}

/** The link to the release in force. */
export function currentLink({ folder }: Place): string {
  return join(folder, "current");
}

/** What the link holds: relative to its own folder. */
export function currentTarget(id: string): string {
  return `releases/${id}`;
}

/** Tells of a release, and is part of each but the template's. */
export function releaseRecord(service: Place, id: string): string {
  return join(releaseFolder(service, id), "release.json");
}
