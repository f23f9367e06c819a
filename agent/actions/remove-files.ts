import { cp, mkdir, rename, rm, rmdir } from "node:fs/promises";
import { dirname } from "node:path";
import { isErrno } from "../../lib/error.ts";
import { exists } from "../../lib/files.ts";
import type { Executors } from "../engine/action.ts";
import { originalPath } from "../state/state.ts";

/** Takes a file or link away, and puts back what was there before the stack came. */
export const removeFile: Executors["removeFile"] = {
  describe: ({ path }) => path,
  async apply({ path }, io) {
    const original = originalPath(io.paths.state, path);
    if (!(await exists(original))) {
      await rm(path, { force: true });
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

/** Those that are empty; the deepest first. */
export const removeFolders: Executors["removeFolders"] = {
  describe: ({ paths }) => paths.join(" "),
  async apply({ paths }) {
    for (const path of [...paths].sort().reverse()) {
      await rmdir(path).catch((error: unknown) => {
        if (!isErrno(error, "ENOENT", "ENOTEMPTY")) throw error;
      });
    }
  },
};

export const removeTree: Executors["removeTree"] = {
  describe: ({ path }) => path,
  async apply({ path }) {
    await rm(path, { recursive: true, force: true });
  },
};
