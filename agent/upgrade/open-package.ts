import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { ExitCode, isErrno, messageOf, StackError } from "../../lib/error.ts";
import { writeFileAtomic } from "../../lib/files.ts";
import { isSignedBy, keyFingerprint } from "../../lib/key-pair.ts";
import type { Run } from "../../lib/run.ts";
import { trustedKeyPath, trustedKeysFolder } from "../../stack/agent-releases.ts";
import {
  packageMembers,
  releaseSignature,
  type StackReleaseDocument,
  stackReleaseDocument,
  stackReleaseName,
} from "../../stack/documents/stack-release.ts";

/** A release's package, its signature and content found good. */
export interface OpenedPackage {
  readonly record: StackReleaseDocument;
  /** The signed bytes of the record. */
  readonly text: string;
  /** The payload as it is packed. */
  readonly payload: () => Payload;
}

export interface Payload {
  readonly stream: Readable;
  /** @throws StackError `bad-package` where tar failed */
  readonly ended: Promise<void>;
}

export interface OpenOptions {
  readonly run: Run;
  readonly signal: AbortSignal;
  /** A fingerprint that is trusted from now on. */
  readonly trust: string | undefined;
}

/**
 * Looks who signed a package and whether it is whole. Nothing is unpacked.
 *
 * @throws StackError `no-package` (64), `bad-package`, `bad-signature`, `unknown-key`, `other-key` (64)
 */
export async function openPackage(file: string, { run, signal, trust }: OpenOptions): Promise<OpenedPackage> {
  const isFile = (await stat(file).catch(() => undefined))?.isFile() === true;
  if (!isFile) {
    throw new StackError("no-package", `${file} is no file, and no release of this machine`, {
      hint: "build-template release makes one; stack-agent release ls shows which are there",
      exit: ExitCode.usage,
    });
  }
  const member = async (name: string): Promise<string> => {
    const [command, ...args] = takeOut(file, name);
    const { stdout } = await run(command, args, { signal, timeout: 120_000 }).catch((error: unknown) => {
      if (signal.aborted) throw error;
      throw badPackage(file, `it has no ${name}`, error);
    });
    return stdout;
  };
  const text = await member(stackReleaseName);
  const signatureText = await member(packageMembers.signature);
  await refuseUnsigned(file, text, signatureText, trust);
  const record = parsed(file, text);
  const payload = (): Payload => payloadOf(file, signal);
  const found = await digestOf(payload());
  if (found !== record.payload?.sha256) throw badPackage(file, "its content is not what was signed: it is damaged");
  return { record, text, payload };
}

async function refuseUnsigned(file: string, text: string, signatureText: string, trust?: string): Promise<void> {
  let signed: ReturnType<typeof releaseSignature.parse>;
  let fingerprint: string;
  try {
    signed = releaseSignature.parse(JSON.parse(signatureText));
    fingerprint = keyFingerprint(signed.key);
  } catch (error) {
    throw badPackage(file, "its signature can't be read", error);
  }
  if (!isSignedBy(Buffer.from(text), signed.signature, signed.key)) {
    throw new StackError("bad-signature", `${file} is not what ${fingerprint} signed`, {
      hint: "take it from where it was built once more: it was changed on its way, or on purpose",
    });
  }
  if (trust !== undefined && trust !== fingerprint) {
    throw new StackError("other-key", `${file} is signed by ${fingerprint}, and not by ${trust}`, {
      hint: "build-template release shows its key's fingerprint, on the workstation",
      exit: ExitCode.usage,
    });
  }
  if ((await trustedKeys()).has(fingerprint)) return;
  if (trust === fingerprint) {
    return writeFileAtomic(trustedKeyPath(fingerprint), signed.key, { mode: 0o644 });
  }
  throw new StackError("unknown-key", `${file} is signed by a key that this machine doesn't know: ${fingerprint}`, {
    hint: `it says it is ${printableName(signed.by)}'s; where build-template release shows the same fingerprint on that workstation: --trust ${fingerprint}, once`,
  });
}

function printableName(by: string): string {
  return by.replace(/[^\w@.-]/g, "?").slice(0, 100);
}

/** Fingerprints of the keys in /etc/stack-agent/release-keys; what there is no key is passed over. */
async function trustedKeys(): Promise<ReadonlySet<string>> {
  const names = await readdir(trustedKeysFolder).catch((error: unknown) => {
    if (isErrno(error, "ENOENT", "ENOTDIR")) return [];
    throw error;
  });
  const found = await Promise.all(
    names.map(async (name) => {
      try {
        return [keyFingerprint(await readFile(join(trustedKeysFolder, name), "utf8"))];
      } catch {
        return [];
      }
    }),
  );
  return new Set(found.flat());
}

function parsed(file: string, text: string): StackReleaseDocument {
  try {
    return stackReleaseDocument.parse(JSON.parse(text));
  } catch (error) {
    throw new StackError("other-format", `${file} is of a build-template that this agent doesn't understand`, {
      cause: error,
      hint: "upgrade to a release between the two first",
    });
  }
}

type Command = readonly [string, ...string[]];

function takeOut(file: string, name: string): Command {
  return ["tar", "--extract", "--to-stdout", "--occurrence=1", "--file", file, `./${name}`];
}

function payloadOf(file: string, signal: AbortSignal): Payload {
  const [command, ...args] = takeOut(file, packageMembers.payload);
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "ignore"], signal });
  const ended = once(child, "close").then(
    ([code]) => {
      if (code !== 0) throw badPackage(file, "it is cut");
    },
    (error: unknown) => {
      if (signal.aborted) throw new StackError("aborted", "reading the package was stopped", { exit: 130 });
      throw badPackage(file, messageOf(error), error);
    },
  );
  ended.catch(() => {});
  return { stream: child.stdout, ended };
}

async function digestOf({ stream, ended }: Payload): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of stream as AsyncIterable<Buffer>) hash.update(chunk);
  await ended;
  return hash.digest("hex");
}

function badPackage(file: string, why: string, cause?: unknown): StackError {
  return new StackError("bad-package", `${file} is no whole release of build-template's: ${why}`, {
    cause,
    hint: "send it once more; on the workstation: build-template verify FILE",
  });
}
