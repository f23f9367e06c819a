import { rename, rm, symlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { ensureFolder, unfinishedName, writeFileAtomic } from "../../lib/files.ts";
import type { Executors } from "../engine/action.ts";
import { markStale, monotonicMicroseconds } from "../state/stale.ts";

export const makeDirectory: Executors["makeDirectory"] = {
  describe: ({ path }) => path,
  async apply({ path, mode, owner }, io) {
    await ensureFolder(path, { mode, ...(await io.owner(owner)) });
  },
};

export const writeFile: Executors["writeFile"] = {
  describe: ({ path }) => path,
  async apply({ path, mode, owner, text, unit }, io) {
    const content = await io.unseal(text);
    const ids = await io.owner(owner);
    // Before: a crash after the write is noticed. After: a start in between read the old text.
    if (unit !== undefined) await markStale(io.paths.run, unit, monotonicMicroseconds());
    await writeFileAtomic(path, content, { mode, ...ids });
    if (unit !== undefined) await markStale(io.paths.run, unit, monotonicMicroseconds());
  },
};

export const linkFile: Executors["linkFile"] = {
  describe: ({ path, target }) => `${path} -> ${target}`,
  async apply({ path, target }) {
    const folder = dirname(path);
    await ensureFolder(folder);
    const temporary = join(folder, unfinishedName());
    try {
      await symlink(target, temporary);
      await rename(temporary, path);
    } finally {
      await rm(temporary, { force: true });
    }
  },
};
