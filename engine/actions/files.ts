import { dirname } from "node:path";
import { ensureFolder, linkAtomic, writeFileAtomic } from "../../lib/files.ts";
import type { Executors } from "../action.ts";
import { whileStale } from "../state/stale.ts";
import { setAside } from "./set-aside.ts";

export const makeDirectory: Executors["makeDirectory"] = {
  describe: ({ path }) => path,
  async apply({ path, mode, owner, units = [] }, io) {
    const ids = await io.owner(owner);
    await setAside(path, "directory", io.log);
    await whileStale(io.paths.run, units, () => ensureFolder(path, { mode, ...ids }));
  },
};

export const writeFile: Executors["writeFile"] = {
  describe: ({ path }) => path,
  async apply({ path, mode, owner, text, units = [] }, io) {
    const content = await io.unseal(text);
    const ids = await io.owner(owner);
    await setAside(path, "file", io.log);
    await whileStale(io.paths.run, units, () => writeFileAtomic(path, content, { mode, ...ids }));
  },
};

export const linkFile: Executors["linkFile"] = {
  describe: ({ path, target }) => `${path} -> ${target}`,
  async apply({ path, target }, io) {
    const folder = dirname(path);
    await ensureFolder(folder);
    await setAside(path, "symlink", io.log);
    await linkAtomic(path, target);
  },
};
