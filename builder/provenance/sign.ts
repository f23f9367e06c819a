import { access, readFile } from "node:fs/promises";
import { isErrno, isStackError, StackError } from "../../lib/error.ts";
import { writeFileAtomic } from "../../lib/files.ts";
import type { Run } from "../../lib/run.ts";

/** What a signature is for: ssh-keygen refuses one that was made for something else. */
export const signatureNamespace = "proxmox-stack-template";

export interface SignOptions {
  /** The template. */
  readonly file: string;
  /** A private key, or a .pub file whose private key is in ssh-agent. */
  readonly key: string;
  readonly run: Run;
  readonly signal: AbortSignal;
}

/**
 * Signs a template with an SSH key, as `ssh-keygen -Y sign` does: the signature is of the
 * file's own bytes. A passphrase is asked for on the terminal.
 *
 * @returns the path of the signature, FILE.sig
 * @throws StackError `no-key`, `wrong-passphrase`, `unusable-key`; exit 64 where another key helps
 */
export async function sign({ file, key, run, signal }: SignOptions): Promise<string> {
  await assertKey(key);
  const { stdout } = await run("ssh-keygen", ["-q", "-Y", "sign", "-f", key, "-n", signatureNamespace], {
    inputFile: file,
    terminal: true,
    timeout: 600_000,
    signal,
    install: "sudo apt-get install openssh-client",
  }).catch((error: unknown) => {
    throw explained(error, key);
  });
  if (!stdout.startsWith("-----BEGIN SSH SIGNATURE-----")) {
    throw new StackError("unusable-key", `ssh-keygen gave no signature with ${key}`);
  }
  const path = `${file}.sig`;
  await writeFileAtomic(path, stdout);
  return path;
}

/**
 * Whether a key can be read at all: to be called before a long build as well.
 *
 * @throws StackError `no-key`, exit 64
 */
export async function assertKey(key: string): Promise<void> {
  try {
    await access(key);
    await readFile(key);
  } catch (error) {
    if (!isErrno(error, "ENOENT", "ENOTDIR", "EACCES", "EISDIR")) throw error;
    throw new StackError("no-key", `the key ${key} can't be read`, {
      cause: error,
      exit: 64,
      hint: "name a private key, or the .pub file of one that is in ssh-agent; ssh-keygen -t ed25519 -f KEY makes one",
    });
  }
}

/** ssh-keygen's own words, and what helps. */
const complaints: readonly {
  readonly words: RegExp;
  readonly code: string;
  readonly message: string;
  readonly hint: string;
}[] = [
  {
    words: /incorrect passphrase/i,
    code: "wrong-passphrase",
    message: "that is not the passphrase",
    hint: "try again; without a terminal put the key into ssh-agent (ssh-add KEY) and name its .pub file",
  },
  {
    words: /permissions .* too open|unprotected private key/i,
    code: "unusable-key",
    message: "others can read the private key",
    hint: "chmod 600 KEY",
  },
  {
    words: /agent|no private key found for public key/i,
    code: "unusable-key",
    message: "ssh-agent has no private key for it",
    hint: "ssh-add KEY, and see that SSH_AUTH_SOCK is set",
  },
  {
    words: /invalid format|error in libcrypto|not a .*key|couldn't load|unsupported/i,
    code: "unusable-key",
    message: "it holds no SSH key that can sign",
    hint: "name a private key as ssh-keygen makes it, or a .pub file",
  },
];

function explained(error: unknown, key: string): unknown {
  if (!isStackError(error) || error.code !== "command-failed") return error;
  const text = error.detail.join("\n");
  const known = complaints.find(({ words }) => words.test(text));
  if (known === undefined) return error;
  return new StackError(known.code, `${key}: ${known.message}`, {
    detail: error.detail,
    hint: known.hint.replaceAll("KEY", key.replace(/\.pub$/, "")),
    exit: 64,
  });
}
