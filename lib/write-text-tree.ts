import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { ExitCode, isErrno, messageOf, StackError } from "./error.ts";
import { writeFileAtomic } from "./files.ts";

/**
 * Writes files into a new or empty folder.
 *
 * @param files texts by their paths in it
 * @param hint what to do where the folder is in use
 * @throws StackError `folder-not-empty`, `no-folder` (exit 64), before anything is written
 */
export async function writeTextTree(folder: string, files: ReadonlyMap<string, string>, hint: string): Promise<void> {
  await refuseUsed(folder, hint);
  for (const [path, text] of files) await writeFileAtomic(join(folder, path), text);
}

async function refuseUsed(folder: string, hint: string): Promise<void> {
  const there = await readdir(folder).catch((error: unknown) => {
    if (isErrno(error, "ENOENT")) return [];
    throw new StackError("no-folder", `${folder} can't be used: ${messageOf(error)}`, { exit: ExitCode.usage });
  });
  if (there.length === 0) return;
  const some = there.sort().slice(0, 5).join(", ");
  throw new StackError("folder-not-empty", `${folder} holds ${some}${there.length > 5 ? ", …" : ""}`, {
    hint,
    exit: ExitCode.usage,
  });
}
