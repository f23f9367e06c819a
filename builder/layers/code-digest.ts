import { createHash } from "node:crypto";
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { resource } from "../resource.ts";

/**
 * Digest of the builder's own files that make a layer: they are an input like any other.
 *
 * @param paths files and folders below builder/, e.g. `layers/base`
 */
export async function codeDigest(paths: readonly string[]): Promise<string> {
  const files = (await Promise.all(paths.map(filesBelow))).flat().sort();
  const hash = createHash("sha256");
  for (const file of files)
    hash
      .update(`${file}\0`)
      .update(await readFile(resource(file)))
      .update("\0");
  return hash.digest("hex");
}

async function filesBelow(path: string): Promise<string[]> {
  if ((await stat(resource(path))).isFile()) return [path];
  const entries = await readdir(resource(path), { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(path, join(entry.parentPath, entry.name).slice(resource(path).length + 1)));
}
