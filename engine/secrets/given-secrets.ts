import { readFile, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { isErrno, StackError } from "../../lib/error.ts";
import { syncFolder, writeFileAtomic } from "../../lib/files.ts";
import type { GivenSecret, SecretName } from "../../stack/model.ts";
import { secretsFolder } from "./read-secret.ts";

/*
 * Secrets that somebody gives. They lie beside those that the stack makes, root's alone, byte for byte
 * as they were given; a copy of the machine keeps them.
 */

/** Bytes that a value may have: a unit's credentials are 1 MiB together (systemd.exec(5)). */
export const longestGivenSecret = 64 * 1024;

/** When a secret was last given or made; undefined where there is none. Needs no right to read it. */
export async function secretSince(stateDirectory: string, name: SecretName): Promise<Date | undefined> {
  try {
    return (await stat(join(secretsFolder(stateDirectory), name))).mtime;
  } catch (error) {
    if (isErrno(error, "ENOENT", "ENOTDIR")) return undefined;
    throw error;
  }
}

/** The value as it was given; undefined where there is none. */
export async function readGivenSecret(stateDirectory: string, name: SecretName): Promise<Buffer | undefined> {
  try {
    return await readFile(join(secretsFolder(stateDirectory), name));
  } catch (error) {
    if (isErrno(error, "ENOENT", "ENOTDIR")) return undefined;
    throw error;
  }
}

/** Puts a value in the place of the one before, whole or not at all. The folder's group is the agent's. */
export async function writeGivenSecret(
  stateDirectory: string,
  { name, reader }: Pick<GivenSecret, "name" | "reader">,
  value: Buffer,
): Promise<void> {
  const folder = secretsFolder(stateDirectory);
  const access =
    reader === "agent" ? { mode: 0o640, uid: 0, gid: (await stat(folder)).gid } : { mode: 0o600, uid: 0, gid: 0 };
  await writeFileAtomic(join(folder, name), value, access);
}

export async function removeGivenSecret(stateDirectory: string, name: SecretName): Promise<void> {
  const folder = secretsFolder(stateDirectory);
  await rm(join(folder, name), { force: true });
  await syncFolder(folder);
}

/**
 * A value as it is kept: without the line end that `echo` and editors put behind it.
 *
 * @throws StackError `secret-invalid` where nothing is left, where it is too long, and where it has a NUL
 */
export function givenValue(name: SecretName, bytes: Buffer): Buffer {
  const refuse = (what: string, hint: string): never => {
    throw new StackError("secret-invalid", `the value for ${name} ${what}`, { hint });
  };
  const end = bytes.at(-1) === 0x0a ? (bytes.at(-2) === 0x0d ? -2 : -1) : bytes.length;
  const value = bytes.subarray(0, end);
  if (value.length === 0) refuse("is empty", `stack-agent secrets unset ${name} takes one away`);
  if (value.length > longestGivenSecret)
    refuse(
      `is longer than ${longestGivenSecret} bytes`,
      "a key or a certificate fits; put what is larger into a file of its own, and its password here",
    );
  if (value.includes(0)) refuse("has a NUL in it", "give text; base64 makes text of anything");
  return value;
}
