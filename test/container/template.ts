import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { isErrno } from "../../lib/error.ts";
import { exists } from "../../lib/files.ts";

const DIST = fileURLToPath(new URL("../../dist", import.meta.url));

/** The template to test: `STACK_TEMPLATE`, otherwise the newest in dist/; undefined where there is none. */
export async function templateToTest(): Promise<string | undefined> {
  const named = process.env.STACK_TEMPLATE;
  if (named !== undefined && named !== "") return (await exists(named)) ? named : undefined;
  const names = await readdir(DIST).catch((error: unknown) => {
    if (isErrno(error, "ENOENT")) return [];
    throw error;
  });
  const templates = names.filter((name) => /\.tar\.(gz|zst|xz)$/.test(name)).map((name) => join(DIST, name));
  const dated = await Promise.all(templates.map(async (path) => ({ path, at: (await stat(path)).mtimeMs })));
  return dated.sort((a, b) => b.at - a.at)[0]?.path;
}
