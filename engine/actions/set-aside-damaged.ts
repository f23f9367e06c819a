import { constants } from "node:fs";
import { chmod, chown, copyFile, open, rename, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { ensureFolder, exists, syncFolder } from "../../lib/files.ts";
import type { Executors } from "../action.ts";
import { asideName, setAsideLock, tellSetAside } from "../state/set-aside.ts";

/** Moves what a server can't read out of its way, under a dated name; it is never deleted. */
export const setAsideDamaged: Executors["setAside"] = {
  lock: setAsideLock,
  describe: ({ path }) => path,
  async apply({ path, lost, names }, io) {
    const aside = await asideName(path);
    const folder = dirname(path);
    await tellSetAside(path, aside, lost, io);
    if (names === undefined) await rename(path, aside);
    else await moveInto(aside, folder, names);
    await syncFolder(folder);
  },
};

async function moveInto(aside: string, folder: string, names: readonly string[]): Promise<void> {
  const { uid, gid } = await stat(folder);
  await ensureFolder(aside, { mode: 0o750, uid, gid });
  for (const name of names) {
    if (await exists(join(folder, name))) await rename(join(folder, name), join(aside, name));
  }
}

/** Keeps of a file what is sound, its beginning; the whole of it stays beside it under a dated name. */
export const cutDamaged: Executors["cutFile"] = {
  lock: setAsideLock,
  describe: ({ path, bytes }) => `${path} to its first ${bytes} bytes`,
  async apply({ path, bytes, lost }, io) {
    const aside = await asideName(path);
    await tellSetAside(path, aside, lost, io);
    const { mode, uid, gid } = await stat(path);
    await copyFile(path, aside, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
    await chmod(aside, mode & 0o7777);
    await chown(aside, uid, gid);
    const handle = await open(path, "r+");
    try {
      await handle.truncate(bytes);
      await handle.sync();
    } finally {
      await handle.close();
    }
  },
};
