import { lstat, rename, stat } from "node:fs/promises";
import { isErrno } from "../../lib/error.ts";
import type { Log } from "../../lib/log.ts";
import type { FileEntry } from "../../stack/model.ts";

/**
 * Moves a folder from where a file or a link belongs, or anything else from where a folder
 * does, beside its place: it may be somebody's. What a rename replaces by itself stays.
 */
export async function setAside(path: string, wanted: FileEntry["kind"], log: Log): Promise<void> {
  // A link to a folder is one, where one belongs.
  const folder = await isFolder(path, wanted === "directory" ? stat : lstat);
  if (folder === undefined || folder === (wanted === "directory")) return;
  let aside = `${path}.set-aside`;
  for (let number = 2; (await isFolder(aside, lstat)) !== undefined; number += 1) aside = `${path}.set-aside-${number}`;
  await rename(path, aside);
  log("warning", `${path} was of another kind than it should be: it is ${aside} now`);
}

async function isFolder(path: string, look: typeof stat): Promise<boolean | undefined> {
  try {
    return (await look(path)).isDirectory();
  } catch (error) {
    if (isErrno(error, "ENOENT", "ENOTDIR")) return undefined;
    throw error;
  }
}
