import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { isErrno } from "../../lib/error.ts";
import type { SecretName } from "../../stack/model.ts";

/** Folder of the secrets below the agent's state directory; one file a secret. */
export function secretsFolder(stateDirectory: string): string {
  return join(stateDirectory, "secrets");
}

/**
 * A secret as this process may read it: undefined where there is none (yet) or where its
 * file is not for us. Other errors are thrown.
 */
export async function readSecret(stateDirectory: string, name: SecretName): Promise<string | undefined> {
  try {
    const text = await readFile(join(secretsFolder(stateDirectory), name), "utf8");
    return text.trimEnd();
  } catch (error) {
    if (isErrno(error, "ENOENT", "ENOTDIR", "EACCES")) return undefined;
    throw error;
  }
}
