import { cp, mkdir, rename, rm, rmdir } from "node:fs/promises";
import { dirname } from "node:path";
import { isErrno } from "../../lib/error.ts";
import { exists } from "../../lib/files.ts";
import type { Executors, Io } from "../action.ts";
import { originalPath } from "../state/state.ts";

/** Takes a file or link away, and puts back what was there before the stack came; folders that it leaves empty go too. */
export const removeFile: Executors["removeFile"] = {
  describe: ({ path }) => path,
  async apply({ path }, io) {
    const original = originalPath(io.paths.state, path);
    if (!(await exists(original))) {
      await rm(path, { force: true });
      await removeEmptyParents(path, io);
      return;
    }
    // By a copy beside it: the state may be on another file system.
    const beside = `${path}.stack-original`;
    await mkdir(dirname(path), { recursive: true });
    await cp(original, beside, { preserveTimestamps: true, verbatimSymlinks: true });
    await rename(beside, path);
    await rm(original);
  },
};

/** As far as /etc, and no package brought them. */
async function removeEmptyParents(path: string, io: Io): Promise<void> {
  for (let folder = dirname(path); folder.startsWith("/etc/"); folder = dirname(folder)) {
    const { code } = await io.run("dpkg-query", ["--search", folder], { accept: [0, 1] });
    if (code === 0 || !(await removeIfEmpty(folder))) return;
  }
}

/** Those that are empty; the deepest first. */
export const removeFolders: Executors["removeFolders"] = {
  describe: ({ paths }) => paths.join(" "),
  async apply({ paths }) {
    for (const path of [...paths].sort().reverse()) {
      await removeIfEmpty(path);
    }
  },
};

async function removeIfEmpty(folder: string): Promise<boolean> {
  try {
    await rmdir(folder);
    return true;
  } catch (error) {
    if (isErrno(error, "ENOENT", "ENOTEMPTY", "EEXIST")) return false;
    throw error;
  }
}

export const removeTree: Executors["removeTree"] = {
  describe: ({ path }) => path,
  async apply({ path }) {
    await rm(path, { recursive: true, force: true });
  },
};
