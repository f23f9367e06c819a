import { type UnitSection, unitSection } from "../../lib/systemd/unit-section.ts";
import type { Model } from "../../stack/model.ts";
import type { Templates } from "../../stack/render/render.ts";
import { renderFile } from "../../stack/render/render-file.ts";

/** A unit whose sandbox the stack promises, and what it promises. */
export interface Sandbox {
  readonly unit: string;
  /** As the stack's templates say it: what is on disk may say something else. */
  readonly directives: UnitSection;
  /** Folders it may write. */
  readonly own: readonly string[];
}

const folder = "/etc/systemd/system/";

/** Every sandboxed service of the stack, ours and the packages' that we harden, in the order of the file table. */
export function sandboxesOf(model: Model, templates: Templates): Sandbox[] {
  const texts = new Map<string, string[]>();
  for (const entry of model.files) {
    // Not of a template: a oneshot of root's is started from it, and is nowhere to be asked.
    const unit = /^([^/]*[^/@]\.service)(\.d\/[^/]+\.conf)?$/.exec(
      entry.path.startsWith(folder) ? entry.path.slice(folder.length) : "",
    )?.[1];
    if (unit === undefined || entry.kind !== "file") continue;
    texts.set(unit, [...(texts.get(unit) ?? []), renderFile(entry, model, { templates })]);
  }
  return (
    [...texts]
      .map(([unit, files]) => ({ unit, directives: unitSection(files, "Service") }))
      // A template is no unit; what is started of it are jobs, which look at everything as root.
      .filter(({ unit, directives }) => directives.has("ProtectSystem") && !unit.includes("@."))
      .map((sandbox) => ({ ...sandbox, own: ownFolders(sandbox.directives) }))
  );
}

/** Folders that systemd makes for a unit, by the directive that asks for them (systemd.exec(5)). */
const made = {
  RuntimeDirectory: "/run",
  StateDirectory: "/var/lib",
  CacheDirectory: "/var/cache",
  LogsDirectory: "/var/log",
};

function ownFolders(directives: UnitSection): string[] {
  const words = (name: string): readonly string[] => directives.get(name) ?? [];
  return [
    ...words("ReadWritePaths").map((path) => path.replace(/^[-+]+/, "")),
    ...Object.entries(made).flatMap(([name, parent]) => words(name).map((path) => `${parent}/${path}`)),
    // Anybody's: PrivateTmp= makes the first two a unit's own.
    ...["/tmp", "/var/tmp", "/dev/shm", "/dev/mqueue"],
  ];
}
