import type { ReleaseChangeDocument, ReleasesDocument, ServicesDocument } from "../../stack/documents/releases.ts";
import { textTable } from "../cli/text-table.ts";

/** Services, a line each, as `service ls` prints them. */
export function servicesTable({ services }: ServicesDocument): string {
  const rows = services.map(({ name, port, release, since = "", previous = "", releases, inForce }) => ({
    cells: [name, String(port), release, day(since), previous, String(releases)],
    note:
      inForce === undefined
        ? undefined
        : `${inForce === "" ? "none" : inForce} is in force: stack-agent provision --only services`,
  }));
  return text(textTable(["service", "port", "release", "since", "before it", "releases"], rows, false));
}

/** A service's releases, the newest first. */
export function releasesTable({ releases }: ReleasesDocument): string {
  const rows = releases.map(({ id, state, at = "", from = "of the template" }) => ({
    cells: [id, state, day(at), from],
  }));
  return text(textTable(["release", "", "made", "from"], rows, false));
}

/** What a deployment or a rollback has done. */
export function changeText({ service, release, changed, previous, removed, seconds }: ReleaseChangeDocument): string {
  if (!changed) return `${service} has release ${release} already: nothing to do.\n`;
  const after = previous === undefined ? "its first" : `in the place of ${previous}`;
  return text([
    `${service} has release ${release}, ${after}, after ${seconds.toFixed(1)} s.`,
    ...removed.map((id) => `${id} is gone.`),
  ]);
}

/** ISO 8601, to the second, as people read it. */
function day(date: string): string {
  return date.slice(0, 19).replace("T", " ");
}

function text(lines: readonly string[]): string {
  return `${lines.join("\n")}\n`;
}
