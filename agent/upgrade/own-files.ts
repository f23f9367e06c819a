import { readFile, rm } from "node:fs/promises";
import { basename, join } from "node:path";
import { linkAtomic, readLinkIfAny, writeFileAtomic } from "../../lib/files.ts";
import type { Run } from "../../lib/run.ts";
import { ownFolderName, type StackReleaseDocument } from "../../stack/documents/stack-release.ts";

type OwnFile = StackReleaseDocument["own"][number];

export interface OwnChanges {
  readonly put: readonly OwnFile[];
  readonly remove: readonly string[];
}

/** What of the user's own files differs between this machine and a release. @param folder the release's */
export async function ownChanges(
  folder: string,
  coming: readonly OwnFile[],
  before: readonly OwnFile[],
): Promise<OwnChanges> {
  const differs = await Promise.all(coming.map(async (file) => !(await isThere(file, folder))));
  return {
    put: coming.filter((_, index) => differs[index]),
    remove: before.map(({ path }) => path).filter((path) => !coming.some((file) => file.path === path)),
  };
}

async function isThere({ path, target }: OwnFile, folder: string): Promise<boolean> {
  if (target !== undefined) return (await readLinkIfAny(path)) === target;
  try {
    return (await readFile(path)).equals(await readFile(join(folder, ownFolderName, path)));
  } catch {
    return false;
  }
}

/** Puts them in their places, and takes away what the release has not. */
export async function applyOwnFiles(folder: string, { put, remove }: OwnChanges): Promise<void> {
  for (const { path, mode, target } of put) {
    if (target !== undefined) await linkAtomic(path, target);
    else await writeFileAtomic(path, await readFile(join(folder, ownFolderName, path)), { mode });
  }
  for (const path of remove) await rm(path, { force: true });
}

/** Has systemd see them: accounts, units that changed, units that are to run now. */
export async function settleOwnFiles({ put, remove }: OwnChanges, run: Run): Promise<void> {
  const paths = [...put.map(({ path }) => path), ...remove];
  if (paths.some((path) => path.includes("/sysusers.d/"))) await run("systemd-sysusers", []);
  const units = paths.filter((path) => path.startsWith("/etc/systemd/system/"));
  if (units.length === 0) return;
  await run("systemctl", ["daemon-reload"]);
  const files = put.filter(({ path, target }) => units.includes(path) && target === undefined);
  const changed = files.map(({ path }) => basename(path)).filter((name) => /\.(service|timer|socket|path)$/.test(name));
  const wanted = put.filter(({ path, target }) => path.includes(".wants/") && target !== undefined);
  if (changed.length > 0) await run("systemctl", ["try-restart", "--no-block", "--", ...changed]);
  const start = wanted.map(({ path }) => basename(path));
  if (start.length > 0) await run("systemctl", ["start", "--no-block", "--", ...start]);
}
