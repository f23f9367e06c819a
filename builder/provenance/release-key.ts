import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";
import { StackError } from "../../lib/error.ts";
import { readTextIfAny, unfinishedName } from "../../lib/files.ts";
import { type KeyPair, keyFingerprint, makeKeyPair } from "../../lib/key-pair.ts";

/*
 * Releases are signed by this workstation's own key, `release.key` in its configuration folder, made at the first
 * release. Templates that are built here from then on take its public half along, `release.pub`: what is signed by
 * it they take without a question. A machine that never made a release puts no key into a template, so the bytes of
 * a template depend on nothing but its input, to which that file belongs.
 */

/** `$XDG_CONFIG_HOME/proxmox-stack`, else `~/.config/proxmox-stack`. A relative XDG_CONFIG_HOME is ignored, as its specification says. */
export function configHome(environment: Readonly<Record<string, string | undefined>>): string {
  const xdg = environment.XDG_CONFIG_HOME ?? "";
  return join(isAbsolute(xdg) ? xdg : join(environment.HOME || homedir(), ".config"), "proxmox-stack");
}

/** The public half, PEM; undefined where no release was ever made here. @throws StackError `bad-release-key` */
export async function publicReleaseKey(folder: string): Promise<string | undefined> {
  const path = join(folder, "release.pub");
  const text = await readTextIfAny(path);
  if (text === undefined) return undefined;
  try {
    keyFingerprint(text);
    return text;
  } catch (cause) {
    throw badKey(path, cause);
  }
}

/** This workstation's pair, made where there is none. @throws StackError `bad-release-key` */
export async function releaseKeyPair(folder: string): Promise<KeyPair & { readonly isNew: boolean }> {
  const [key, pub] = await Promise.all([readTextIfAny(join(folder, "release.key")), publicReleaseKey(folder)]);
  if (key !== undefined && pub !== undefined) return { private: key, public: pub, isNew: false };
  if (key !== undefined || pub !== undefined) {
    throw badKey(join(folder, key === undefined ? "release.key" : "release.pub"), undefined);
  }
  const made = makeKeyPair();
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await writeWhole(folder, "release.key", made.private, 0o600);
  await writeWhole(folder, "release.pub", made.public, 0o644);
  return { ...made, isNew: true };
}

async function writeWhole(folder: string, name: string, text: string, mode: number): Promise<void> {
  const temporary = join(folder, unfinishedName());
  try {
    await writeFile(temporary, text, { mode, flag: "wx" });
    await rename(temporary, join(folder, name));
  } finally {
    await rm(temporary, { force: true });
  }
}

function badKey(path: string, cause: unknown): StackError {
  return new StackError("bad-release-key", `${path} is missing, or is no Ed25519 key`, {
    cause,
    hint: "put both halves back from where you keep a copy, release.key and release.pub; or take both away: the next release makes another pair, which containers must be told to trust",
  });
}
