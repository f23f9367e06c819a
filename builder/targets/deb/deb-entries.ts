import { agentReleaseZero } from "../../../stack/agent-releases.ts";
import type { Model } from "../../../stack/model.ts";
import { requirementsLock } from "../../../stack/venv.ts";
import type { Entry } from "../../archive/archive-of-entries.ts";

/** Where uv lies in the package: /usr/local, where the template has it, belongs to a machine's admin. */
export const uvPath = "/usr/lib/stack-agent/uv";

/**
 * What of the overlay goes into the package: the agent's tree below /usr, the definition,
 * and the user's own files. All else below /etc and /var `stack-agent provision` writes from
 * its file table, as it does where a file has drifted: as conffiles of dpkg's they would be
 * asked about at every upgrade, and the agent would put back whatever was answered.
 *
 * The template's presets stay out: they disable every unit they don't name.
 */
export function debEntries(
  entries: readonly Entry[],
  own: readonly { readonly path: string }[],
  model: Model,
): Entry[] {
  const added = new Set(own.map(({ path }) => path));
  const locks = new Set(model.services.map(requirementsLock));
  return entries.flatMap((entry) => {
    const path = outOfRelease(entry.path, model.paths.share);
    if (/\/system-preset\/|\/90-nesting\.conf$/.test(path) || path === `${model.paths.share}/manifest.json`) return [];
    // dpkg puts no link in the place of a folder: the release's share leads to the folder, not the other way round.
    if (path === model.paths.share) return [link(`${agentReleaseZero}/share`, model.paths.share)];
    const isWanted = path.startsWith("/usr/") || path.startsWith(`${model.paths.agent}/`) || locks.has(path);
    return isWanted || path === model.paths.definition || added.has(path) ? [{ ...entry, path }] : [];
  });
}

function outOfRelease(path: string, share: string): string {
  const inside = `${agentReleaseZero}/share/`;
  return path.startsWith(inside) ? `${share}/${path.slice(inside.length)}` : path;
}

function link(path: string, target: string): Entry {
  return { path, mode: 0o777, content: { kind: "symlink", target } };
}

/** The files that dpkg asks about when they were changed: the definition, and the user's own below /etc. */
export function conffiles(entries: readonly Entry[]): string[] {
  return entries
    .filter(({ path, content }) => path.startsWith("/etc/") && (content.kind === "text" || content.kind === "file"))
    .map(({ path }) => path)
    .sort();
}
