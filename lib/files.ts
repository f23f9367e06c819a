import { randomBytes } from "node:crypto";
import { chmod, chown, mkdir, open, readdir, readFile, readlink, rename, rm, stat, symlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { isErrno } from "./error.ts";

export interface WriteOptions {
  /** Permission bits, e.g. 0o640. Default 0o644; never widened by the umask's absence. */
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
}

/**
 * Writes a file so that after a power cut it has either its old or its new content:
 * a temporary file beside it, fsync, rename, fsync of the folder. Missing parent
 * folders are made with mode 0755. The content is never readable with a wider mode
 * than asked for.
 *
 * @throws the system's error (ENOSPC, EROFS, EACCES …), the temporary file removed.
 */
export async function writeFileAtomic(
  path: string,
  content: string | Buffer,
  options: WriteOptions = {},
): Promise<void> {
  const folder = dirname(path);
  await mkdir(folder, { recursive: true, mode: 0o755 });
  const temporary = join(folder, unfinishedName());
  try {
    const handle = await open(temporary, "wx", 0o600);
    try {
      await handle.writeFile(content);
      if (options.uid !== undefined || options.gid !== undefined) {
        await handle.chown(options.uid ?? -1, options.gid ?? -1);
      }
      await handle.chmod(options.mode ?? 0o644);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await syncFolder(folder);
}

/** A new name for what is being made beside its place: `removeUnfinished` knows it. */
export function unfinishedName(): string {
  return `.${randomBytes(6).toString("hex")}.tmp`;
}

/**
 * Takes away what a killed process had begun to write in a folder. Only while nobody writes
 * there; a folder that isn't there has nothing in it.
 */
export async function removeUnfinished(folder: string): Promise<void> {
  const unfinished = (await namesIfAny(folder)).filter((name) => /^\.[0-9a-f]{12}\.tmp$/.test(name));
  await Promise.all(unfinished.map((name) => rm(join(folder, name), { recursive: true, force: true })));
}

/** Makes a folder with exactly this mode and owner, or gives an existing one that mode and owner. */
export async function ensureFolder(path: string, options: WriteOptions = {}): Promise<void> {
  await mkdir(path, { recursive: true, mode: options.mode ?? 0o755 });
  if (options.mode !== undefined) await chmod(path, options.mode);
  if (options.uid !== undefined || options.gid !== undefined) {
    await chown(path, options.uid ?? -1, options.gid ?? -1);
  }
}

/** A file's text, or undefined where there is none. Other errors (EACCES, EISDIR) are thrown. */
export async function readTextIfAny(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if (isErrno(error, "ENOENT", "ENOTDIR")) return undefined;
    throw error;
  }
}

/** Whether something is at the path, symbolic links followed. */
export async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if (isErrno(error, "ENOENT", "ENOTDIR")) return false;
    throw error;
  }
}

/** Names of what is in a folder, sorted; none where there is no such folder. */
export async function namesIfAny(folder: string): Promise<readonly string[]> {
  try {
    return (await readdir(folder)).sort();
  } catch (error) {
    if (isErrno(error, "ENOENT", "ENOTDIR")) return [];
    throw error;
  }
}

/** What a symbolic link holds, or undefined where there is none; other errors are thrown. */
export async function readLinkIfAny(path: string): Promise<string | undefined> {
  try {
    return await readlink(path);
  } catch (error) {
    if (isErrno(error, "ENOENT", "ENOTDIR", "EINVAL")) return undefined;
    throw error;
  }
}

/** Makes a symbolic link, or gives the one that is there another target: at no moment there is none. */
export async function linkAtomic(path: string, target: string): Promise<void> {
  const folder = dirname(path);
  const temporary = join(folder, unfinishedName());
  try {
    await symlink(target, temporary);
    await rename(temporary, path);
  } finally {
    await rm(temporary, { force: true });
  }
  await syncFolder(folder);
}

/** A name made, moved or taken away in the folder outlasts a power cut. */
export async function syncFolder(path: string): Promise<void> {
  const handle = await open(path, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
