import { readdir, readFile } from "node:fs/promises";
import { join, relative } from "node:path";

/** Texts of all files below a folder, by their paths relative to it, sorted; what Python and editors leave is passed over. */
export async function readTextTree(folder: string): Promise<ReadonlyMap<string, string>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .filter((path) => !left.test(path))
    .sort();
  return new Map(
    await Promise.all(paths.map(async (path) => [path, await readFile(join(folder, path), "utf8")] as const)),
  );
}

const left = /(^|\/)(__pycache__|\.venv|\.\w+_cache)\/|\.pyc$/;
