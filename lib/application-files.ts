import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";

const left = new Set(["tests", "__pycache__", ".venv", ".git", ".pytest_cache", ".ruff_cache", ".mypy_cache"]);

/**
 * The files of a service's application, relative to its folder, sorted: of Python its packages and modules and
 * what lies in packages, of another program all there is; not the tests, nor what only development needs.
 * A link to a file is that file; one to a folder is passed over.
 */
export async function applicationFiles(folder: string, { python }: { readonly python: boolean }): Promise<string[]> {
  const files: string[] = [];
  const walk = async (below: string): Promise<void> => {
    for (const entry of await readdir(join(folder, below), { withFileTypes: true })) {
      const path = below === "" ? entry.name : `${below}/${entry.name}`;
      if (left.has(entry.name) || entry.name.endsWith(".pyc")) continue;
      if (entry.isDirectory()) await walk(path);
      else if ((await stat(join(folder, path))).isFile() && (!python || below !== "" || path.endsWith(".py")))
        files.push(path);
    }
  };
  await walk("");
  return files.sort();
}

/** Whether a Python module is among an application's files. */
export function hasModule(files: readonly string[], module: string): boolean {
  const entry = module.replaceAll(".", "/");
  return files.some((file) => file === `${entry}.py` || file.startsWith(`${entry}/`));
}
