import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { isErrno } from "../../lib/error.ts";
import { namesIfAny } from "../../lib/files.ts";
import { secretsFolder } from "./read-secret.ts";

/** The values of all secrets that are there, declared or not, made or given: what must be in no text that leaves. */
export async function everySecret(stateDirectory: string): Promise<readonly string[]> {
  const folder = secretsFolder(stateDirectory);
  const names = await namesIfAny(folder);
  const values = await Promise.all(names.map((name) => valuesIn(join(folder, name))));
  return values.flat();
}

async function valuesIn(path: string): Promise<string[]> {
  try {
    const value = (await readFile(path, "utf8")).trimEnd();
    return value === "" ? [] : [value];
  } catch (error) {
    // Taken away meanwhile; a folder is no secret.
    if (isErrno(error, "ENOENT", "EISDIR")) return [];
    throw error;
  }
}
